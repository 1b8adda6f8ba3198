import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
function t(e){return[301,302,303,307,308].includes(e.status)?e.headers.location:void 0}export{t as a};
