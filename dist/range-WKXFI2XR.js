import{createRequire as r}from'node:module';const require=r(import.meta.url);
import{m as a}from"./chunk-ICPVOHXX.js";import"./chunk-M7DRQ25A.js";export default a();
