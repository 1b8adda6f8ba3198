import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);
import"./chunk-GBWASDCS.js";function*u(r,n){let{apply:o,keepDays:t,keep:e,undated:i,error:y,repositories:p}=r,s={format:1,made:n.toISOString(),apply:o,keepDays:t,keep:e,undated:i,error:y??null};yield`${JSON.stringify(s).slice(0,-1)},"repositories":[`;let d=`
`;for(let l of p)yield d,yield*a(l),d=`,
`;yield`
]}
`}function*a({repository:r,kept:n,bytes:o,gone:t}){yield`${JSON.stringify({repository:r,bytes:o,kept:n}).slice(0,-1)},"gone":[`;let e=`
`;for(let{fate:i,relies:y,neededBy:p,...s}of t)yield e+JSON.stringify({...s,...i}),e=`,
`;yield`
]}`}export{u as pruneJson};
