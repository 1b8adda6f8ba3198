type Child = Node | string | undefined

/**
 * @param attributes undefined: without this attribute
 * @param children strings become text, never HTML
 * @returns a new element
 */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(key, value)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** @returns foreign text, whose direction does not reach what is next to it */
export function foreign(text: string, className?: string): HTMLElement {
  return create('bdi', { class: className }, text)
}

/** @returns a name, tag or digest in the font for code */
export function code(text: string): HTMLElement {
  return create('code', {}, foreign(text))
}

/** @returns a button @param act what a click does */
export function button(
  act: () => void,
  attributes: Readonly<Record<string, string | undefined>>,
  ...children: readonly Child[]
): HTMLButtonElement {
  const element = create('button', { type: 'button', ...attributes }, ...children)
  element.addEventListener('click', act)
  return element
}
