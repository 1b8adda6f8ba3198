import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{m as a}from"./chunk-ICASWDTK.js";import"./chunk-GBWASDCS.js";export default a();
