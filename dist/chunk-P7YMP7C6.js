import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
function o(e,n){return{log:t=>{e.info(n(t))},annotate:(t,r,i)=>{e[t](n(r),i===void 0?{}:{title:n(i)})},warn:t=>{e.warning(n(t))},setOutput:e.setOutput}}export{o as a};
