import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
function o({apply:t,repositories:r}){let e=r.flatMap(({gone:n})=>n);return t?e.filter(({fate:n})=>n.state==="deleted"):e}function p(t){return t.reduce((r,{bytes:e})=>r+e,0)}export{o as a,p as b};
