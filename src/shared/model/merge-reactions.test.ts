import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, ReactionBody } from './entry.ts'
import type { Aor, ConversationId, DeviceId, EntryId, MessageId } from './ids.ts'
import { isDominated } from './merge.ts'
import { mergeReactions } from './merge-reactions.ts'

const [me, bob] = ['sip:me@example.org' as Aor, 'sip:bob@example.org' as Aor]

interface Seen {
  readonly id: string
  readonly author: Aor
  readonly messageId: string
  readonly emojis: string
  readonly sentAt: number
  readonly observedAt: number
  readonly by?: 'server' | 'own-device'
}

function reaction({ id, author, messageId, emojis, sentAt, observedAt, by = 'server' }: Seen): Entry {
  const about = { conversation: 'c' as ConversationId, peer: bob, target: 'm1' as MessageId, targetAuthor: me }
  const body: ReactionBody = { kind: 'reaction', ...about, author, messageId: messageId as MessageId, emojis, sentAt }
  const hlc = { wallMs: observedAt, counter: 0 }
  const head = { id: id as EntryId, account: me, device: 'd' as DeviceId, hlc, observedAt }
  return { head: { ...head, authenticatedBy: by, verified: false }, body }
}

/** What a device keeps that hears of these in this order: nothing that others leave without a use. */
function kept(entries: readonly Entry[]): readonly Entry[] {
  let held: readonly Entry[] = []
  for (const entry of entries) {
    if (held.some(({ head }) => head.id === entry.head.id) || isDominated(entry, held)) continue
    held = [...held.filter((before) => !isDominated(before, [entry])), entry]
  }
  return held
}

const shown = (entries: readonly Entry[]) => mergeReactions(kept(entries), () => -1)

const time = fc.integer({ min: 1_000, max: 1_010 })
const anyReaction = fc
  .record({
    ...{
      author: fc.constantFrom(me, bob),
      messageId: fc.constantFrom('r1', 'r2', 'r3'),
      sentAt: time,
      observedAt: time,
    },
    emojis: fc.constantFrom('', '👍', '❤️ 👍', 'words'),
    by: fc.constantFrom('server' as const, 'own-device' as const),
    id: fc.uuid(),
  })
  .map(reaction)
const anyReactions = fc.uniqueArray(anyReaction, { maxLength: 8, selector: ({ head }) => head.id })

/** All that one person chose, one after the other by their clock, each seen by any devices at any time. */
const choices = fc
  .array(
    fc.record({ emojis: fc.constantFrom('', '👍', '😂 👍'), seen: fc.array(time, { minLength: 1, maxLength: 3 }) }),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((said) => ({
    last: said.at(-1)?.emojis ?? '',
    seen: said.flatMap(({ emojis, seen }, at) =>
      seen.map((observedAt, device) =>
        reaction({
          id: `${at} ${device}`,
          author: bob,
          messageId: `r${9 - at}`,
          emojis,
          sentAt: 1_003 + at,
          observedAt,
        }),
      ),
    ),
  }))

describe('reactions', () => {
  it('mean the same in any order, in any groups, however often they come', () => {
    fc.assert(
      fc.property(anyReactions, anyReactions, anyReactions, (a, b, c) => {
        const all = mergeReactions([...a, ...b, ...c], () => -1)
        expect(shown([...a, ...b, ...c])).toEqual(all)
        expect(shown([...c, ...b, ...a])).toEqual(all)
        expect(shown([...kept([...a, ...b]), ...c])).toEqual(all)
        expect(shown([...a, ...kept([...c, ...b])])).toEqual(all)
        expect(shown([...a, ...b, ...c, ...b, ...a])).toEqual(all)
      }),
      { numRuns: 1000 },
    )
  })

  it('leave one entry of each side', () => {
    fc.assert(
      fc.property(anyReactions, (entries) => {
        const authors = kept(entries).map(({ body }) => (body.kind === 'reaction' ? body.author : null))
        expect(authors.length).toBe(new Set(authors).size)
      }),
    )
  })

  it('are what was chosen last, whenever and in whatever order devices saw it', () => {
    fc.assert(
      fc.property(
        choices.chain(({ last, seen }) =>
          fc.tuple(fc.constant(last), fc.shuffledSubarray(seen, { minLength: seen.length })),
        ),
        ([last, seen]) => {
          expect(shown(seen)).toEqual(last === '' ? [] : [{ author: bob, emojis: last.split(' ') }])
        },
      ),
      { numRuns: 500 },
    )
  })
})
