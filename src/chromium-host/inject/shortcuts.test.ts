import { describe, expect, it } from 'vitest'
import { isBrowserAction, isBrowserTool } from './shortcuts.ts'

function key(text: string): KeyboardEvent {
  const parts = text.split('+')
  const modifiers = {
    ctrlKey: parts.includes('Ctrl'),
    shiftKey: parts.includes('Shift'),
    altKey: parts.includes('Alt'),
    metaKey: false,
  }
  return { key: parts.at(-1) ?? '', ...modifiers } as KeyboardEvent
}

describe('browser shortcuts', () => {
  it.each(['F12', 'Ctrl+Shift+I', 'Ctrl+Shift+J', 'Ctrl+Shift+C', 'Ctrl+u', 'Ctrl+Shift+N', 'Ctrl+t', 'Ctrl+Shift+Q'])(
    'hides %s from everyone',
    (name) => {
      expect(isBrowserTool(key(name))).toBe(true)
    },
  )

  it.each(['Ctrl+p', 'Ctrl+s', 'Ctrl+o', 'Ctrl+n', 'F5', 'Alt+ArrowLeft'])(
    'stops what the browser would do on %s',
    (name) => {
      expect([isBrowserTool(key(name)), isBrowserAction(key(name))]).toEqual([false, true])
    },
  )

  it.each(['a', 'Enter', 'Ctrl+c', 'Ctrl+v', 'Ctrl+a', 'Ctrl+z', 'Ctrl+w', 'Tab', 'Escape', 'Shift+I'])(
    'leaves %s alone',
    (name) => {
      expect([isBrowserTool(key(name)), isBrowserAction(key(name))]).toEqual([false, false])
    },
  )
})
