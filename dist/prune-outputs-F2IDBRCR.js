import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{a as r}from"./chunk-4HCM3MS3.js";import"./chunk-GBWASDCS.js";function e(n,t,u){return{pruned:String(r(n).length),"prune-path":t,"summary-path":u}}export{e as pruneOutputs};
