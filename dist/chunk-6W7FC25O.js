import{createRequire as r}from'node:module';const require=r(import.meta.url);
var s=/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,c=/[&<>|\\`*[\]~$@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;function u(n,t=1/0){let e=n.replace(/\s+/g," ").replace(s,"").replace(/ {2,}/g," ").trim();return(e.length>t?`${e.slice(0,Math.max(0,t-1)).trimEnd()}\u2026`:e).replace(c,r=>`&#${r.charCodeAt(0)};`)}function g(n,t=1/0){return`<code>${u(n,t)}</code>`}function l(n,t=""){let e=n.replace(/\r\n?/g,`
`).replace(s,""),o=Math.max(0,...[...e.matchAll(/`+/g)].map(([i])=>i.length)),r="`".repeat(Math.max(3,o+1));return`${r}${t}
${e}
${r}`}function p(n,t){let e=r=>`| ${r.join(" | ")} |`,o=t.map(r=>n.map((i,a)=>r[a]??""));return[e(n),e(n.map(()=>"---")),...o.map(e)].join(`
`)}function d(n,t){return`<details><summary>${n}</summary>

${t}

</details>`}function m(n,t){return[`> [!${n}]`,...t.map(e=>`> ${e}`).join(`
>
`).split(`
`)].join(`
`)}var $="\u2013";function f(n,t){return`${n} ${t}${n===1?"":"s"}`}export{u as a,g as b,l as c,p as d,d as e,m as f,$ as g,f as h};
