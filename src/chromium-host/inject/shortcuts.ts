/** Swallows what a browser would do with keys, menus and drops; injected as source text into the preload's world. */

/** Keys that open developer tools, sources, history or quit behind our back: the page never needs them. */
export function isBrowserTool(event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase()
  const control = event.ctrlKey || event.metaKey
  if (key === 'f12') return true
  if (control && event.shiftKey)
    return ['i', 'j', 'c', 'k', 'n', 'o', 't', 'b', 'm', 'q', 'd', 'delete', 'w'].includes(key)
  return control && ['u', 'h', 'j', 'd', 't'].includes(key)
}

/** Keys whose browser action is unwanted but which the page may use for itself: it sees them first. */
export function isBrowserAction(event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase()
  if (['f1', 'f3', 'f5', 'f6', 'f7'].includes(key)) return true
  if (event.altKey && ['arrowleft', 'arrowright', 'home', 'e', 'f', 'd'].includes(key)) return true
  return (event.ctrlKey || event.metaKey) && ['p', 's', 'o', 'n', 'f', 'g', 'r', 'l', 'k', 'e'].includes(key)
}

export function guardBrowserActions(): void {
  const prevent = (event: Event): void => event.preventDefault()
  const tools = (event: KeyboardEvent): void => {
    if (!isBrowserTool(event)) return
    event.preventDefault()
    event.stopImmediatePropagation()
  }
  addEventListener('keydown', tools, true)
  addEventListener('keydown', (event) => {
    if (isBrowserAction(event)) event.preventDefault()
  })
  addEventListener('contextmenu', prevent)
  addEventListener('auxclick', (event) => {
    if (event.button === 1) event.preventDefault()
  })
  // A file dropped beside a drop zone would otherwise be opened in place of the page.
  addEventListener('dragover', (event) => {
    if (event.defaultPrevented || event.dataTransfer === null) return
    event.dataTransfer.dropEffect = 'none'
    event.preventDefault()
  })
  addEventListener('drop', prevent)
}
