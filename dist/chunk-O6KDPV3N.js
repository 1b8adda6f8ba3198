import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import{setFlagsFromString as o}from"node:v8";function r(){o("--semi-space-growth-factor=1")}export{r as a};
