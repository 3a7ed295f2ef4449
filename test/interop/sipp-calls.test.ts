/** Calls between our user agent and sipp, over UDP: what a real stack makes of forks, PRACK, glare and session timers. */
import { expect, it } from 'vitest'
import { audio, desk, listen, type Ears } from '#test/fakes/calling.ts'
import type { SipSession, UserAgent } from '#protocol/sip/user-agent/user-agent.ts'
import { describeWithPeers, waitUntil } from './peers.ts'
import { phoneAt, type Phone } from './phone.ts'
import { startSipp } from './sipp.ts'

interface Scene {
  readonly phone: Phone
  readonly agent: UserAgent
  readonly done: () => Promise<void>
}

async function play(scenario: string, calls: number, act: (scene: Scene) => Promise<void>): Promise<void> {
  const sipp = await startSipp({ scenario, calls, keywords: { ear: 9, other_ear: 9 } })
  const phone = await phoneAt(sipp.port, 'alice')
  try {
    await act({ phone, agent: phone.agent, done: () => sipp.done() })
  } finally {
    await sipp.stop()
    await phone.agent.stop()
  }
}

const call = (
  agent: UserAgent,
): { session: SipSession; ears: Ears; applied: readonly (readonly [string, string | null])[] } => {
  const exchange = desk()
  const session = agent.invite('sip:bob@sotto.test', exchange)
  return { session, ears: listen(session), applied: exchange.applied }
}

describeWithPeers('sipp on the phone', ['sipp'], () => {
  it('two devices answer: one is talked to, the other let go', () =>
    play('forked-answers', 2, async ({ agent, done }) => {
      const { session, ears, applied } = call(agent)
      await ears.next('established')
      const early = ears.events.flatMap((event) => (event.kind === 'progress' ? [event] : []))
      expect(early.map(({ status, toTag, sdp }) => [status, toTag?.[0], sdp?.includes('s=early-b') ?? null])).toEqual([
        [183, 'a', null],
        [183, 'b', true],
      ])
      expect(applied.map(([sdp, tag]) => [sdp.includes('s=final-b'), tag?.[0]])).toEqual([[true, 'b']])
      // The other 200 is on its way; its ACK and BYE come before ours, as the scenario wants it.
      await new Promise((resolve) => setTimeout(resolve, 500))
      session.end()
      await done()
    }))

  it('rings reliably and answers in that', () =>
    play('reliable-ringing', 2, async ({ agent, done }) => {
      const { session, ears, applied } = call(agent)
      await ears.next('established')
      expect(ears.kinds()).toEqual(['progress', 'progress', 'established'])
      expect(applied.map(([sdp]) => sdp.includes('s=early'))).toEqual([true])
      session.end()
      await done()
    }))

  it('wants longer sessions, and refreshes them', () =>
    play('session-interval', 3, async ({ agent, done }) => {
      const { session, ears } = call(agent)
      await ears.next('established')
      await new Promise((resolve) => setTimeout(resolve, 500))
      session.end()
      await done()
    }))

  it('offers when we do: both hear 491, and both are heard in the end', () =>
    play('glare', 2, async ({ agent, done }) => {
      const { session, ears } = call(agent)
      await ears.next('established')
      const result = session.renegotiate(() => Promise.resolve(audio('second')))
      const { offer } = await ears.next('offer')
      expect(offer.sdp).toContain('s=theirs-again')
      offer.answer(audio('answered'))
      const renegotiated = await result
      expect(renegotiated.ok && renegotiated.value).toContain('s=third')
      session.end()
      await done()
    }))

  it('calls without an offer', () =>
    play('late-offer', 1, async ({ phone, done }) => {
      await waitUntil(() => phone.sessions.length > 0, 'we ring')
      const [session] = phone.sessions as [SipSession]
      expect(session.offer).toBeNull()
      const exchange = desk()
      const ears = listen(session)
      session.accept({ ...exchange, createOffer: () => Promise.resolve(audio('ours').replace('4000', '9')) })
      await ears.next('established')
      expect(exchange.applied.map(([sdp, tag]) => [sdp.includes('s=late-answer'), tag])).toEqual([[true, null]])
      session.end()
      await done()
    }))
})
