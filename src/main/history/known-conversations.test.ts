import { describe, expect, it } from 'vitest'
import type { ConversationId } from '#shared/model/ids.ts'
import type { ConversationView } from '#shared/model/views.ts'
import { KnownConversations } from './known-conversations.ts'
import type { HistoryChange } from './port.ts'

const bob = 'bob' as ConversationId
const view = (unread: number, id = bob) => ({ id, unread }) as ConversationView

/** A history of one number per conversation, whose writer announces only when told to. */
function rig() {
  const stored = new Map<ConversationId, ConversationView>([[bob, view(0)]])
  const state = { revision: 7, asked: 0, announce: (_change: HistoryChange): void => undefined }
  let pause: Promise<void> = Promise.resolve()
  const known = new KnownConversations({
    writer: {
      commit: () => Promise.resolve({ revision: state.revision, fresh: [], held: false }),
      onChange: (handler) => {
        state.announce = handler
        return () => undefined
      },
    },
    reader: {
      conversation: async (id) => {
        state.asked += 1
        const read = stored.get(id) ?? null
        await pause
        return read
      },
    },
  })
  const announce = (change: Partial<HistoryChange> = {}): void =>
    state.announce({
      ...{ revision: state.revision, conversations: [], messages: [], contacts: [], newIncoming: [], bulk: false },
      ...change,
    })
  const write = async (written: ConversationView): Promise<void> => {
    stored.set(written.id, written)
    state.revision += 1
    await known.commit({})
  }
  return { known, state, stored, announce, write, hold: (until: Promise<void>) => void (pause = until) }
}

describe('known conversations', () => {
  it('are asked for once, then told as announced', async () => {
    const { known, state, announce, write } = rig()
    expect([await known.conversation(bob), await known.conversation(bob)]).toEqual([view(0), view(0)])
    expect(state.asked).toBe(1)
    await write(view(1))
    announce({ conversations: [view(1)] })
    expect(await known.conversation(bob)).toEqual(view(1))
    expect(state.asked).toBe(1)
  })

  it('are read again by who has written, before it is announced', async () => {
    const { known, write } = rig()
    await known.conversation(bob)
    await write(view(1))
    expect(await known.conversation(bob)).toEqual(view(1))
  })

  it('are not kept from a read that a change overtook', async () => {
    const { known, announce, write, hold } = rig()
    let go = (): void => undefined
    hold(new Promise((resolve) => (go = resolve)))
    const early = known.conversation(bob)
    await write(view(1))
    announce({ conversations: [view(1)] })
    go()
    expect(await early).toEqual(view(0))
    expect(await known.conversation(bob)).toEqual(view(1))
  })

  it('are forgotten after changes too many to list, and when they are gone', async () => {
    const { known, stored, announce, write } = rig()
    await known.conversation(bob)
    await write(view(5))
    announce({ bulk: true })
    expect(await known.conversation(bob)).toEqual(view(5))
    stored.delete(bob)
    announce({ removedConversations: [bob] })
    expect(await known.conversation(bob)).toBeNull()
  })

  it('are bounded', async () => {
    const { known, state } = rig()
    for (let n = 0; n < 256; n += 1) {
      const id = `c${n}` as ConversationId
      state.announce({ revision: 8, conversations: [view(n, id)] } as unknown as HistoryChange)
    }
    expect(await known.conversation('c0' as ConversationId)).toEqual(view(0, 'c0' as ConversationId))
    state.announce({ revision: 8, conversations: [view(1)] } as unknown as HistoryChange)
    expect(state.asked).toBe(0)
    expect(await known.conversation('c1' as ConversationId)).toBeNull()
  })
})
