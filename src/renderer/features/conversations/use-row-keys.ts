import type { KeyboardEvent, RefObject } from 'react'

/** Arrow keys, Home and End move between the rows of a list. */
export function useRowKeys(container: RefObject<HTMLElement | null>): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const rows = [...(container.current?.querySelectorAll<HTMLElement>('[data-list-row]') ?? [])]
    const current = rows.findIndex((row) => row === document.activeElement)
    const next = target(event.key, current, rows.length)
    if (next === null) return
    event.preventDefault()
    const row = rows[next]
    row?.focus()
    row?.scrollIntoView({ block: 'nearest' })
  }
}

function target(key: string, current: number, count: number): number | null {
  if (count === 0) return null
  switch (key) {
    case 'ArrowDown':
      return Math.min(current + 1, count - 1)
    case 'ArrowUp':
      return Math.max(current - 1, 0)
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return null
  }
}
