import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
var e=["build","report","verified","candidate","facts","extension","wheel","ucx","layers","base","base-named","inventory","plan"],t=["foreign","unselected","public","young","newest","referred","needed"];export{e as a,t as b};
