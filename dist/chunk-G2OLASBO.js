import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{e as n}from"./chunk-6IXJSSHZ.js";import{b as r}from"./chunk-6U4GTYHX.js";function m(e,o,i,...s){let f=s.flatMap(a=>{try{return a(),[]}catch(u){return[r(u)]}}),[t]=f;return t!==void 0&&e(`${o} cannot be written: ${n(t)}. ${i}`),t===void 0}export{m as a};
