import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{closeSync as i,openSync as e,writeSync as c}from"node:fs";function s(r,n){let t=e(r,"w");try{for(let o of n)c(t,o)}finally{i(t)}}export{s as a};
