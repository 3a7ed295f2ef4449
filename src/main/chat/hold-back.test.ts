import { describe, expect, it } from 'vitest'
import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { HoldBack } from './hold-back.ts'

const named = (messageId: string) => ({
  ...{ conversation: 'c' as ConversationId, author: 'sip:bob@example.org' as Aor, messageId: messageId as MessageId },
})

/** Holds messages, and notes who is let go at what time. A message that is let go releases those that wait for it. */
function room() {
  const clock = new FakeClock()
  const start = clock.now()
  const holdBack = new HoldBack(clock)
  const gone: string[] = []
  const hold = (own: string, awaited: string) =>
    holdBack.hold(named(own), named(awaited), () => {
      gone.push(`${own} ${clock.now() - start}`)
      holdBack.release(named(own))
    })
  return { clock, holdBack, gone, hold }
}

describe('holding back', () => {
  it('ends when the awaited message is there, or after two seconds', async () => {
    const { clock, holdBack, gone, hold } = room()
    hold('b', 'a')
    hold('y', 'x')
    await clock.advance(500)
    holdBack.release(named('a'))
    await clock.advance(5_000)
    expect(gone).toEqual(['b 500', 'y 2000'])
  })

  it('keeps the order where the awaited message waits itself', async () => {
    const { clock, gone, hold } = room()
    hold('d', 'c')
    await clock.advance(4)
    hold('c', 'b')
    await clock.advance(1_900)
    hold('b', 'a')
    await clock.advance(20_000)
    expect(gone).toEqual(['b 3904', 'c 3904', 'd 3904'])
  })

  it('lets messages go that wait for each other', async () => {
    const { clock, gone, hold } = room()
    hold('a', 'b')
    hold('b', 'a')
    await clock.advance(20_000)
    expect(gone.map((line) => line.split(' ')[0]).sort()).toEqual(['a', 'b'])
    expect(gone[0]).toMatch(/ 10000$/)
  })

  it('is bounded', () => {
    const { hold } = room()
    const held = Array.from({ length: 70 }, (_, at) => hold(`m${at}`, 'x'))
    expect(held.filter(Boolean)).toHaveLength(64)
  })
})
