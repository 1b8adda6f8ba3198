import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{n as a}from"./chunk-YQBNJ5QX.js";import"./chunk-GBWASDCS.js";export default a();
