import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { perFrame } from './per-frame.ts'

let frames: Map<number, () => void>
let applied: (readonly string[])[]
let item: (text: string) => void

function drawFrame(): void {
  const due = [...frames.values()]
  frames.clear()
  for (const callback of due) callback()
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  frames = new Map()
  let serial = 0
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => {
    serial += 1
    frames.set(serial, callback)
    return serial
  })
  vi.stubGlobal('cancelAnimationFrame', (id: number) => frames.delete(id))
  applied = []
  item = perFrame<string>(
    (items) => applied.push(items),
    (text) => text.startsWith('mark'),
  )
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('perFrame', () => {
  it('applies at the next frame what came before it, once and in order', () => {
    item('one')
    item('mark')
    item('two')
    drawFrame()
    vi.advanceTimersByTime(1000)
    drawFrame()
    expect(applied).toEqual([['one', 'mark', 'two']])
  })

  it('lets marks wait for each other, asking for no frame', () => {
    item('mark 1')
    vi.advanceTimersByTime(99)
    item('mark 2')
    expect([frames.size, applied]).toEqual([0, []])
    vi.advanceTimersByTime(1)
    expect(applied).toEqual([['mark 1', 'mark 2']])
  })

  it('takes waiting marks along with what cannot wait', () => {
    item('mark')
    item('one')
    drawFrame()
    expect(applied).toEqual([['mark', 'one']])
    item('mark again')
    vi.advanceTimersByTime(100)
    expect(applied).toEqual([['mark', 'one'], ['mark again']])
  })

  it('waits for no frame while the window is hidden', () => {
    item('one')
    vi.advanceTimersByTime(100)
    expect([applied, frames.size]).toEqual([[['one']], 0])
  })
})
