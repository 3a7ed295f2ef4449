import { useSyncExternalStore } from 'react'

function watch(changed: () => void): () => void {
  window.addEventListener('focus', changed)
  window.addEventListener('blur', changed)
  return () => {
    window.removeEventListener('focus', changed)
    window.removeEventListener('blur', changed)
  }
}

/** Whether the window has the focus: what it shows is before the user's eyes. */
export function useWindowFocused(): boolean {
  return useSyncExternalStore(watch, () => document.hasFocus())
}
