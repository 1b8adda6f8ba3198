import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
var s=/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,c=/[&<>|\\`*[\]~$@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;function g(n,t=1/0){let r=n.replace(/\s+/g," ").replace(s,"").replace(/ {2,}/g," ").trim();return(r.length>t?`${r.slice(0,Math.max(0,t-1)).trimEnd()}\u2026`:r).replace(c,e=>`&#${e.charCodeAt(0)};`)}function u(n,t=1/0){return`<code>${g(n,t)}</code>`}function $(n){return u(n.replace(/^(sha256:.{12}).*$/,"$1"))}function m(n,t=""){let r=n.replace(/\r\n?/g,`
`).replace(s,i=>i==="	"?"	":""),o=Math.max(0,...[...r.matchAll(/`+/g)].map(([i])=>i.length)),e="`".repeat(Math.max(3,o+1));return`${e}${t}
${r}
${e}`}function l(n,t){let r=e=>`| ${e.join(" | ")} |`,o=t.map(e=>n.map((i,a)=>e[a]??""));return[r(n),r(n.map(()=>"---")),...o.map(r)].join(`
`)}var p=/[^\s<>-]{65,}/g,d=/(?:&#\d+;|[^&]){20,40}?(?<=[/:@,=._;-])|(?:&#\d+;|[^&]){40}/g;function f(n,t){let r=o=>o.replace(p,e=>e.replace(d,"$&<wbr>"));return l(n,t.map(o=>o.map(r)))}function x(n){return n.map(t=>`- ${t}`).join(`
`)}function y(n,t){return`<details><summary>${n}</summary>

${t}

</details>`}function b(n,t){return`> [!${n}]
${t.map(r=>`> ${r}`).join(`
>
`)}`}var h="\u2013";function A(n,t){return`${n} ${t}${n===1?"":"s"}`}export{g as a,u as b,$ as c,m as d,l as e,f,x as g,y as h,b as i,h as j,A as k};
