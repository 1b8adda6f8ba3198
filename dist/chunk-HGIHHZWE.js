import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
function o({apply:r,repositories:t}){let e=t.flatMap(({gone:n})=>n);return r?e.filter(({fate:n})=>n.state==="deleted"):e}function p(r){return r.reduce((t,{bytes:e})=>t+e,0)}export{o as a,p as b};
