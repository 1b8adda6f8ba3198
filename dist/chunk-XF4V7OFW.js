import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{b as t}from"./chunk-SYE3TWGO.js";function i(e){return e.replace(":","-")}function s(e){let[,r]=/^sha256-([0-9a-f]{64})(?:[._-].*)?$/.exec(e)??[];return r===void 0?void 0:t(`sha256:${r}`)}export{i as a,s as b};
