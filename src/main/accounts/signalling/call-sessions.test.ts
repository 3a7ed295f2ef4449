import { beforeEach, describe, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { ok } from '#shared/result.ts'
import type { IncomingRefer } from '#protocol/sip/user-agent/sip-session.ts'
import type { SdpExchange, SessionEvent, SipSession, UserAgent } from '#protocol/sip/user-agent/user-agent.ts'
import type { CallSignal } from '../signalling-port-calls.ts'
import { CallSessions } from './call-sessions.ts'

const accountId = 'a' as AccountId
const bob = 'sip:bob@example.org' as Aor

class FakeSession {
  readonly log: string[] = []
  hear: (event: SessionEvent) => void = () => undefined
  exchange: SdpExchange | null = null
  readonly session: SipSession

  constructor(id: string, facts: SipSession['facts'] = null, aor: string = bob) {
    this.session = {
      ...{ id, callId: `sip ${id}`, remote: { aor, displayName: 'Bob' }, offer: `offer ${id}`, facts, dialog: null },
      accept: (exchange) => {
        this.exchange = exchange
        this.log.push('accept')
      },
      end: (status) => {
        this.log.push(`end ${status ?? ''}`)
        this.hear({ kind: 'ended', reason: null })
      },
      renegotiate: async (createOffer) => ok(`answer to ${await createOffer()}`),
      wantPicture: () => this.log.push('picture'),
      refer: (target, replaced) => this.log.push(`refer ${target}${replaced === undefined ? '' : ` ${replaced.id}`}`),
      onEvent: (handler) => (this.hear = handler),
    }
  }

  offer(sdp: string | null): void {
    const offer = {
      sdp,
      answer: (text: string) => this.log.push(`answer ${text}`),
      refuse: (status: number) => this.log.push(`refuse ${status}`),
    }
    this.hear({ kind: 'offer', offer })
  }
}

let signals: [CallId, CallSignal][]
let sessions: CallSessions
let outgoing: FakeSession
let isRegistered = true
const facts = (replaces: string | null) => ({ userAgent: null, requiresReliable: false, replaces })
const kinds = (): string[] => signals.map(([, { kind }]) => kind)

function ring(id: string, replaces: string | null = null): { readonly far: FakeSession; readonly call: CallId } {
  const far = new FakeSession(id, facts(replaces))
  sessions.offered(far.session)
  return { far, call: signals.at(-1)?.[0] ?? ('' as CallId) }
}

beforeEach(() => {
  signals = []
  isRegistered = true
  outgoing = new FakeSession('out')
  let ids = 0
  sessions = new CallSessions({
    accountId,
    agent: {
      invite: (_to: string, exchange: SdpExchange) => {
        outgoing.exchange = exchange
        return outgoing.session
      },
    } as unknown as UserAgent,
    newCallId: () => `call ${(ids += 1)}` as CallId,
    isRegistered: () => isRegistered,
    onEvent: ({ call, signal }) => signals.push([call, signal]),
  })
})

describe('an INVITE that comes', () => {
  it('is raised with its Call-ID, and nothing of it is taken', () => {
    const { far, call } = ring('one')
    expect(signals).toEqual([
      [call, { kind: 'offered', from: bob, fromName: 'Bob', sipCallId: 'sip one', sdp: 'offer one', replaces: null }],
    ])
    expect(far.log).toEqual([])
  })

  it('is told that we are busy after eight, and the user hears who it was', () => {
    const first = ring('1')
    for (let at = 2; at <= 8; at += 1) ring(String(at))
    const ninth = ring('9')
    expect(ninth.far.log).toEqual(['end 486'])
    expect(signals.at(-1)?.[1]).toEqual({ kind: 'turned-away', from: bob, fromName: 'Bob', sipCallId: 'sip 9' })
    first.far.hear({ kind: 'ended', reason: null })
    expect(ring('10').far.log).toEqual([])
  })

  it('of nobody in particular is refused', () => {
    const far = new FakeSession('x', facts(null), 'sip:@')
    sessions.offered(far.session)
    expect(far.log).toEqual(['end 488'])
    expect(signals).toEqual([])
  })

  it('takes the place of a call of ours that is up, and of nothing else', () => {
    const { far, call } = ring('one')
    expect(ring('early', 'one').far.log).toEqual(['end 481'])
    far.hear({ kind: 'established' })
    expect(ring('two', 'one').far.log).toEqual([])
    expect(signals.at(-1)?.[1]).toMatchObject({ kind: 'offered', replaces: call })
    expect(ring('three', 'chat').far.log).toEqual(['end 481'])
    far.hear({ kind: 'ended', reason: null })
    expect(ring('four', 'one').far.log).toEqual(['end 481'])
    expect(kinds()).toEqual(['offered', 'established', 'offered', 'ended'])
  })
})

describe('commands', () => {
  it('of other accounts and of calls that are gone are not ours', async () => {
    const to = bob
    expect(
      await sessions.command({ kind: 'place', accountId: 'b' as AccountId, call: 'c' as CallId, to, sdp: '' }),
    ).toBeNull()
    expect(await sessions.command({ kind: 'end', call: 'c' as CallId })).toBeNull()
  })

  it('place a call and give its Call-ID, while there is a server', async () => {
    const place = { kind: 'place', accountId, call: 'c' as CallId, to: bob, sdp: 'our offer' } as const
    expect(await sessions.command(place)).toEqual(ok('sip out'))
    expect(await outgoing.exchange?.createOffer()).toBe('our offer')
    outgoing.exchange?.applyAnswer('theirs', 'tag')
    expect(signals).toEqual([['c', { kind: 'answered', branch: 'tag', sdp: 'theirs' }]])
    isRegistered = false
    expect(await sessions.command({ ...place, call: 'd' as CallId })).toEqual({ ok: false, error: { status: null } })
  })

  it('take, change and end a call', async () => {
    const { far, call } = ring('one')
    await sessions.command({ kind: 'accept', call, sdp: 'answer' })
    expect(await far.exchange?.createAnswer('offer one')).toBe('answer')
    expect(await sessions.command({ kind: 'offer', call, sdp: 'new' })).toEqual(ok('answer to new'))
    await sessions.command({ kind: 'transfer', call, to: bob })
    await sessions.command({ kind: 'want-picture', call })
    await sessions.command({ kind: 'end', call, status: 603 })
    expect(far.log).toEqual(['accept', `refer ${bob}`, 'picture', 'end 603'])
    expect(await sessions.command({ kind: 'end', call })).toBeNull()
  })
})

describe('connecting two calls', () => {
  it('asks one far end to take our place with the other, which must be up and ours', async () => {
    const [one, two] = [ring('one'), ring('two')]
    for (const { far } of [one, two]) far.hear({ kind: 'established' })
    const early = ring('three').call
    const connect = { kind: 'connect', call: one.call, with: two.call } as const
    expect(await sessions.command(connect)).toEqual(ok(null))
    for (const other of [early, one.call, 'elsewhere' as CallId])
      expect(await sessions.command({ ...connect, with: other })).toMatchObject({ error: { status: 481 } })
    expect(one.far.log).toEqual([`refer ${bob} two`])
  })
})

describe('offers within a call', () => {
  it('are settled once, by their number', async () => {
    const { far, call } = ring('one')
    far.offer('first')
    far.offer(null)
    expect(signals.slice(1).map(([, signal]) => signal)).toEqual([
      { kind: 'reoffered', offer: 1, sdp: 'first' },
      { kind: 'reoffered', offer: 2, sdp: null },
    ])
    await sessions.command({ kind: 'refuse', call, offer: 2, status: 488 })
    await sessions.command({ kind: 'answer', call, offer: 1, sdp: 'a' })
    expect(await sessions.command({ kind: 'answer', call, offer: 1, sdp: 'b' })).toEqual({
      ok: false,
      error: { status: 481 },
    })
    expect(far.log).toEqual(['refuse 488', 'answer a'])
  })

  it('are four at a time', () => {
    const { far } = ring('one')
    for (let at = 0; at < 6; at += 1) far.offer('x')
    expect(kinds()).toEqual(['offered', ...Array<string>(4).fill('reoffered')])
    expect(far.log).toEqual(['refuse 500', 'refuse 500'])
  })
})

describe('what the far end says', () => {
  it('is raised', () => {
    const { far } = ring('one')
    far.hear({ kind: 'progress', status: 183, toTag: 't', sdp: 's' })
    far.hear({ kind: 'tone', tone: '5', durationMs: 100 })
    far.hear({ kind: 'ended', reason: null })
    far.hear({ kind: 'ended', reason: null })
    expect(signals.slice(1, 4).map(([, signal]) => signal)).toEqual([
      { kind: 'progress', status: 183, branch: 't', sdp: 's' },
      { kind: 'tone', tone: '5' },
      { kind: 'ended', byUs: false },
    ])
  })

  it('ends by us when the account stops', () => {
    ring('one')
    sessions.stop()
    expect(signals.at(-1)?.[1]).toEqual({ kind: 'ended', byUs: true })
  })
})

describe('a transfer the far end asks for', () => {
  const carol = 'sip:carol@example.org' as Aor
  let far: FakeSession
  let call: CallId
  const log: string[] = []
  const refer = (over: Partial<IncomingRefer> = {}): void =>
    far.hear({
      kind: 'refer',
      refer: {
        ...{ to: carol, replaces: null, referredBy: null },
        accept: () => {
          log.push('accept')
          return outgoing.session
        },
        decline: () => log.push('decline'),
        finish: () => log.push('finish'),
        ...over,
      },
    })
  const referrals = (): readonly CallSignal[] =>
    signals.flatMap(([, signal]) => (signal.kind === 'referred' ? [signal] : []))

  beforeEach(() => {
    log.length = 0
    ;({ far, call } = ring('one'))
    far.hear({ kind: 'established' })
  })

  it('is raised and nothing is done, until the user declines', async () => {
    refer({ referredBy: '"Dave" <sip:dave@example.org>' })
    expect(referrals()).toEqual([{ kind: 'referred', to: carol, by: 'sip:dave@example.org', attended: false }])
    expect(log).toEqual([])
    await sessions.command({ kind: 'decline-referral', call })
    await sessions.command({ kind: 'decline-referral', call })
    expect(log).toEqual(['decline'])
  })

  it('is made on the user’s word, once, and followed as a call of its own', async () => {
    refer()
    const place = {
      kind: 'place',
      accountId,
      call: 'new' as CallId,
      to: carol,
      sdp: 'our offer',
      referredIn: call,
    } as const
    expect(await sessions.command(place)).toEqual(ok('sip out'))
    outgoing.hear({ kind: 'established' })
    expect(signals.at(-1)).toEqual(['new', { kind: 'established' }])
    await sessions.command({ ...place, call: 'again' as CallId })
    expect(log).toEqual(['accept'])
  })

  it('is tried again for the far end, which hears of the outcome once nothing more is tried', async () => {
    refer({ replaces: 'a;to-tag=1;from-tag=2' })
    expect(referrals()).toMatchObject([{ attended: true }])
    const place = { kind: 'place', accountId, call: 'new' as CallId, to: carol, sdp: '', referredIn: call } as const
    await sessions.command(place)
    outgoing.hear({
      ...{ kind: 'failed', status: 488, reason: '', warning: null, retryAfterMs: null, elsewhere: false },
    })
    await sessions.command({ ...place, sdp: 'other keys' })
    expect(log).toEqual(['accept', 'accept'])
    await sessions.command({ kind: 'end', call: place.call })
    expect(log).toEqual(['accept', 'accept', 'finish'])
    expect(await sessions.command({ kind: 'end', call: place.call })).toBeNull()
  })

  it('to somebody else than the user was asked about is not made for the far end', async () => {
    refer()
    await sessions.command({ kind: 'place', accountId, call: 'new' as CallId, to: bob, sdp: '', referredIn: call })
    expect(log).toEqual([])
  })

  it.each([{ to: 'sip:carol@example.org;transport=tcp' }, { to: 'sip:example.org' }, { to: 'tel:+49301234' }])(
    'in the form %o is declined unseen',
    (over) => {
      refer(over)
      expect(log).toEqual(['decline'])
      expect(referrals()).toEqual([])
    },
  )

  it('is declined before the call is up, and while another one is undecided', () => {
    refer()
    refer({ to: 'sip:dave@example.org' })
    expect(referrals()).toHaveLength(1)
    far = ring('two').far
    refer()
    expect(log).toEqual(['decline', 'decline'])
    expect(referrals()).toHaveLength(1)
  })

  it('with a Referred-By that is no address names nobody', () => {
    refer({ referredBy: '<tel:1>' })
    expect(referrals()).toMatchObject([{ by: null }])
  })
})
