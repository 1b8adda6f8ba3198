import { button, create, foreign } from './element.ts'

/**
 * Opens a modal dialog. Escape, its button and a click beside it close it; the focus then returns.
 * @param closed called after it is closed
 * @returns what closes it
 */
export function openDialog(title: string, content: readonly Node[], closed: () => void): () => void {
  const heading = create('h2', { id: 'dialog' }, foreign(title))
  const close = button(
    () => {
      dialog.close()
    },
    { class: 'close' },
    'Close',
  )
  const dialog = create(
    'dialog',
    { 'aria-labelledby': 'dialog' },
    create('div', { class: 'dialog-title' }, heading, close),
    create('div', { class: 'dialog-content' }, ...content),
  )
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  dialog.addEventListener('close', () => {
    dialog.remove()
    closed()
  })
  document.body.append(dialog)
  dialog.showModal()
  return () => {
    dialog.close()
  }
}
