import { expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { SessionEvent, SipSession } from '#protocol/sip/user-agent/user-agent.ts'
import type { SignallingEvent } from '../signalling-port.ts'
import { ChatSessions, type ChatSessionsPorts } from './chat-sessions.ts'

const offer = [
  ...['v=0', 's=-', 'm=message 9 TCP/MSRP *', 'a=path:msrp://192.0.2.1:9/far;tcp'],
  ...['a=accept-types:message/cpim', 'a=setup:actpass', ''],
].join('\r\n')

function setup(): {
  /** Offers a session and accepts it where it waits for a decision; says how it ended, or null. */
  readonly invite: (user: string) => Promise<{ readonly ended: () => number | null; readonly bye: () => void }>
} {
  const events: SignallingEvent[] = []
  let names = 0
  const connection = { newId: () => 'abcdef0123456789' }
  const path = { path: [], onRenewed: () => undefined, onExpired: () => undefined, release: () => undefined }
  const sessions = new ChatSessions({
    ...{ accountId: 'a' as AccountId, aor: 'sip:alice@example.org' as Aor, clock: new FakeClock() },
    relay: { isUsable: true, reserve: () => Promise.resolve({ connection, path }) },
    newSessionName: () => `${(names += 1)}`,
    onEvent: (event: SignallingEvent) => events.push(event),
  } as unknown as ChatSessionsPorts)
  return {
    invite: async (user) => {
      let status: number | null = null
      let hear: (event: SessionEvent) => void = () => undefined
      const asked = events.length
      sessions.offered({
        ...{ id: '', offer, remote: { aor: `sip:${user}@example.org`, displayName: '' } },
        accept: () => undefined,
        end: (code = 480) => (status ??= code),
        onEvent: (handler: (event: SessionEvent) => void) => (hear = handler),
      } as Partial<SipSession> as SipSession)
      for (const event of events.slice(asked))
        if (event.kind === 'chat-session') await sessions.answer(event.chat.session, 'accept')
      return { ended: () => status, bye: () => hear({ kind: 'ended', reason: null }) }
    },
  }
}

it('takes two sessions of one peer, and another only after one of them has ended', async () => {
  const { invite } = setup()
  const first = await invite('bob')
  const second = await invite('bob')
  const third = await invite('bob')
  expect([first.ended(), second.ended(), third.ended()]).toEqual([null, null, 486])
  expect((await invite('carol')).ended()).toBeNull()
  first.bye()
  expect((await invite('bob')).ended()).toBeNull()
})

it('takes thirty-two sessions in all', async () => {
  const { invite } = setup()
  const taken = []
  for (let peer = 0; peer < 40; peer += 1) taken.push(await invite(`peer${peer}`))
  expect(taken.map(({ ended }) => ended())).toEqual([...Array<null>(32).fill(null), ...Array<number>(8).fill(486)])
})

it.each([
  [480, true],
  [488, false],
] as const)('a peer that answers %i may have a session later: %s', async (status, later) => {
  const path = { path: [], onRenewed: () => undefined, onExpired: () => undefined, release: () => undefined }
  const bob = 'sip:bob@example.org' as Aor
  const sessions = new ChatSessions({
    ...{ clock: new FakeClock(), openWaitMs: 3_000 },
    relay: {
      exists: true,
      isUsable: true,
      reserve: () => Promise.resolve({ connection: { newId: () => 'abcdef0123456789' }, path }),
    },
    agent: {
      invite: () => ({
        onEvent: (handler: (event: SessionEvent) => void) =>
          handler({ kind: 'failed', status, reason: '', warning: null, retryAfterMs: null, elsewhere: false }),
        end: () => undefined,
      }),
    },
  } as unknown as ChatSessionsPorts)
  expect(await sessions.linkTo(bob)).toBeNull()
  expect(sessions.mayOpenLater(bob)).toBe(later)
})
