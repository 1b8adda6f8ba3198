import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
var e=class extends Error{name="UserError"};function t(n){return n instanceof Error?n.message:String(n)}export{e as a,t as b};
