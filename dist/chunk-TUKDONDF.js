import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
var o={version:"1.0.0"};var r=o.version;export{r as a};
