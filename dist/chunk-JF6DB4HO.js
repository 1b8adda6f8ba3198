import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{setFlagsFromString as e}from"node:v8";function r(){e("--semi-space-growth-factor=1"),e("--heap-growing-percent=20")}export{r as a};
