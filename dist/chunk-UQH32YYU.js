import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
var e=["current","moved","gone","unknown"];export{e as a};
