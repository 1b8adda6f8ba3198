import type { Look } from '../view/standing.ts'
import { create, foreign } from './element.ts'

/** @returns a state as symbol and words in its colour @param text default: the state's title */
export function pill({ tone, symbol, title }: Look, text: string = title): HTMLElement {
  return create(
    'span',
    { class: `pill ${tone}`, title },
    create('span', { class: 'symbol', 'aria-hidden': 'true' }, symbol),
    foreign(text),
  )
}
