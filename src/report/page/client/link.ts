import { fromHash, toHash } from '../view/hash.ts'
import type { Store } from './store.ts'

/** Keeps filter, order and open image in the address, so that it can be linked, and follows links. */
export function linkTo(store: Store): void {
  window.addEventListener('hashchange', () => {
    store.change(fromHash(location.hash))
  })
  store.watch((state) => {
    const hash = toHash(state)
    if (hash === location.hash.replace(/^#/, '')) return
    const page = location.href.replace(/#.*$/, '')
    history.replaceState(null, '', hash === '' ? page : `${page}#${hash}`)
  })
}
