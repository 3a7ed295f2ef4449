import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MessagePage, MessageView } from '#shared/model/views.ts'
import {
  appendPage,
  applyChanges,
  firstUnreadKey,
  fromPage,
  type MessageWindow,
  prependPage,
  trimWindow,
  windowLimit,
} from './message-window.ts'

function message(position: number, text = `m${String(position)}`, direction: 'incoming' | 'outgoing' = 'incoming') {
  return { key: `k${String(position)}`, position, text, direction } as MessageView
}
function page(from: number, to: number, size = 1000): MessagePage {
  const messages = Array.from({ length: to - from }, (_, index) => message(from + index))
  return { messages, hasOlder: from > 0, hasNewer: to < size, total: size, revision: 1 } as unknown as MessagePage
}
const positions = (window: MessageWindow): number[] => window.messages.map((m) => m.position)

describe('message window', () => {
  it('grows at both ends without doubling the overlap', () => {
    const middle = fromPage(page(100, 110))
    const older = prependPage(middle, page(95, 103))
    expect(positions(older)).toEqual([95, 96, 97, 98, 99, ...positions(middle)])
    expect(older.shifted).toBe(true)
    const newer = appendPage(older, page(108, 112))
    expect(positions(newer).slice(-3)).toEqual([109, 110, 111])
    expect(newer.shifted).toBe(false)
  })

  it('replaces a changed message and appends a new one at the newest end', () => {
    const window = fromPage(page(990, 1000))
    const next = applyChanges(window, [message(995, 'edited'), message(1000, 'new')])
    expect(next.messages[5]?.text).toBe('edited')
    expect(next.messages.at(-1)?.text).toBe('new')
    expect(next.total).toBe(1001)
  })

  it('leaves a window in the past alone when something new arrives', () => {
    const window = fromPage(page(100, 110))
    expect(positions(applyChanges(window, [message(2000)]))).toEqual(positions(window))
    expect(positions(applyChanges(window, [message(5)]))).toEqual(positions(window))
  })

  it('inserts a late message at its position', () => {
    const window: MessageWindow = {
      messages: [message(1), message(5)],
      hasOlder: false,
      hasNewer: false,
      total: 2,
      shifted: false,
    }
    expect(positions(applyChanges(window, [message(3), message(0)]))).toEqual([0, 1, 3, 5])
  })

  it('trims the far end', () => {
    const window = fromPage(page(0, windowLimit + 10, windowLimit + 10))
    expect(positions(trimWindow(window, 'older')).at(-1)).toBe(windowLimit - 1)
    expect(trimWindow(window, 'older').hasNewer).toBe(true)
    expect(positions(trimWindow(window, 'newer'))[0]).toBe(10)
    expect(trimWindow(window, 'newer').shifted).toBe(true)
  })

  it('puts the divider before the last unread incoming messages', () => {
    const messages = [message(1), message(2, 'own', 'outgoing'), message(3), message(4, 'own', 'outgoing'), message(5)]
    expect(firstUnreadKey(messages, 2)).toBe('k3')
    expect(firstUnreadKey(messages, 9)).toBe('k1')
    expect(firstUnreadKey(messages, 0)).toBeNull()
  })

  it('keeps positions strictly increasing whatever arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 })), fc.boolean(), fc.boolean(), (arrivals, older, newer) => {
        const start: MessageWindow = { ...fromPage(page(100, 120)), hasOlder: older, hasNewer: newer }
        const result = positions(
          applyChanges(
            start,
            arrivals.map((position) => message(position)),
          ),
        )
        expect(result).toEqual([...new Set(result)].sort((a, b) => a - b))
      }),
    )
  })
})
