import { button, create } from './element.ts'

/** Milliseconds for which a button shows the result */
const shown = 1600

/**
 * @param label what the button shows
 * @param text what it copies
 * @param name for screen readers, if the label is not enough
 */
export function copyButton(label: string, text: string, name?: string): HTMLButtonElement {
  const status = create('span', { 'aria-live': 'polite' }, label)
  const attributes = { class: 'copy', title: text, 'aria-label': name }
  const element = button(
    () => {
      void copy(text, element).then((isCopied) => {
        status.textContent = isCopied ? 'Copied' : 'Not copied'
        element.dataset.state = isCopied ? 'copied' : 'failed'
        setTimeout(() => {
          status.textContent = label
          delete element.dataset.state
        }, shown)
      })
    },
    attributes,
    status,
  )
  return element
}

async function copy(text: string, near: Element): Promise<boolean> {
  // A page from http: has none.
  const clipboard = navigator.clipboard as Clipboard | undefined
  if (clipboard === undefined) return copySelection(text, near)
  try {
    await clipboard.writeText(text)
    return true
  } catch {
    // Refused, as in a frame without permission, where the older way may work
    return copySelection(text, near)
  }
}

/** @param near next to which a field with the text can be selected: in an open dialog, only inside */
function copySelection(text: string, near: Element): boolean {
  const field = create('textarea', { class: 'clipboard', readonly: '', 'aria-hidden': 'true' })
  field.value = text
  near.after(field)
  field.select()
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way where there is no clipboard
  const isCopied = document.execCommand('copy')
  field.remove()
  if (near instanceof HTMLElement) near.focus()
  return isCopied
}
