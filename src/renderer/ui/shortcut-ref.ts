/** Tells assistive technology which keys press a button; React Aria's button would drop the attribute. */
export function shortcutRef(keys: string): (element: HTMLElement | null) => void {
  return (element) => element?.setAttribute('aria-keyshortcuts', keys.replace('Ctrl', 'Control'))
}
