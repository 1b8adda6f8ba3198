import type { PageData } from '../data.ts'
import { fromHash } from '../view/hash.ts'
import { rowsOf } from '../view/row.ts'
import { compareBar } from './compare.ts'
import { controls } from './controls.ts'
import { create } from './element.ts'
import { showFacts } from './facts.ts'
import { heading } from './heading.ts'
import { linkTo } from './link.ts'
import { matrix } from './matrix.ts'
import { createStore } from './store.ts'
import { table } from './table.ts'

// It is what `pack` of the same version wrote into the same file: there is nothing to check.
const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData
const rows = rowsOf(data)
const store = createStore({ ...fromHash(location.hash), chosen: [] })
const page = create('div', { class: 'page' }, heading(data, rows))
const main = create('main')
const grids = matrix(rows, data.versions, store)
if (grids !== undefined) main.append(grids)
main.append(controls(rows, data.versions, store), table(rows, data.versions, store))
page.append(main, compareBar(rows, data.packages, store))
document.body.append(page)
linkTo(store)
showFacts(rows, data.packages, store)
