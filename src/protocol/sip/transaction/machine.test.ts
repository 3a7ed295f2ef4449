import { describe, expect, it } from 'vitest'
import { newInviteClient, stepInviteClient } from './invite-client.ts'
import { newInviteServer, stepInviteServer } from './invite-server.ts'
import { newNonInviteClient, stepNonInviteClient } from './non-invite-client.ts'
import { newNonInviteServer, stepNonInviteServer } from './non-invite-server.ts'
import { clientKeyOf, serverKeyOf } from './key.ts'
import { parseSip } from '../parse.ts'
import type { ClientEvent, ServerEvent, Step, TimerName, TransactionEffect } from './machine.ts'
import type { SipResponse } from '../message.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { Timer } from '#shared/ports/clock.ts'

const response = (status: number): SipResponse => ({
  kind: 'response',
  status,
  reason: '',
  headers: [],
  body: new Uint8Array(0),
})

/** `send-response` with its status, timers with name and delay: short enough for a table. */
function brief(effect: TransactionEffect): string {
  if (effect.kind === 'start-timer') return `+${effect.timer}${effect.delayMs}`
  if (effect.kind === 'stop-timer') return `-${effect.timer}`
  return 'response' in effect ? `${effect.kind} ${effect.response.status}` : effect.kind
}

type Row<Event> = readonly [event: Event, phase: string, ...effects: string[]]

function play<State extends { readonly phase: string }, Event>(
  initial: State,
  step: (state: State, event: Event) => Step<State>,
  rows: readonly Row<Event>[],
): void {
  let state = initial
  for (const [event, phase, ...effects] of rows) {
    const next = step(state, event)
    state = next.state
    expect([state.phase, ...next.effects.map(brief)], JSON.stringify(event)).toEqual([phase, ...effects])
  }
}

const start: ClientEvent = { kind: 'start' }
const gets = (status: number): ClientEvent => ({ kind: 'response', response: response(status) })
const fires = (timer: TimerName): { kind: 'timer'; timer: TimerName } => ({ kind: 'timer', timer })
const broken: { kind: 'transport-error' } = { kind: 'transport-error' }
const again: ServerEvent = { kind: 'request' }
const ack: ServerEvent = { kind: 'ack' }
const says = (status: number): ServerEvent => ({ kind: 'respond', response: response(status) })

describe('INVITE client, RFC 3261 figure 5 and RFC 6026 figure 1', () => {
  const udp = () => newInviteClient(false)
  it('doubles timer A until an answer, then repeats ACK for 32 s', () => {
    play(udp(), stepInviteClient, [
      [start, 'calling', 'send-request', '+B32000', '+A500'],
      [fires('A'), 'calling', 'send-request', '+A1000'],
      [fires('A'), 'calling', 'send-request', '+A2000'],
      [gets(180), 'proceeding', '-A', '-B', 'deliver 180'],
      [fires('A'), 'proceeding'],
      [fires('B'), 'proceeding'],
      [gets(486), 'completed', '-A', '-B', 'send-ack 486', 'deliver 486', '+D32000'],
      [gets(486), 'completed', 'send-ack 486'],
      [gets(200), 'completed'],
      [gets(180), 'completed'],
      [fires('D'), 'terminated', 'terminated'],
      [gets(486), 'terminated'],
    ])
  })
  it('passes every 2xx for 32 s', () => {
    play(udp(), stepInviteClient, [
      [start, 'calling', 'send-request', '+B32000', '+A500'],
      [gets(200), 'accepted', '-A', '-B', 'deliver 200', '+M32000'],
      [gets(200), 'accepted', 'deliver 200'],
      [gets(486), 'accepted'],
      [gets(180), 'accepted'],
      [broken, 'terminated', 'terminated'],
    ])
    play(udp(), stepInviteClient, [
      [gets(200), 'accepted', '-A', '-B', 'deliver 200', '+M32000'],
      [fires('M'), 'terminated', 'terminated'],
    ])
  })
  it('times out, breaks, and needs neither A nor D on a stream', () => {
    play(udp(), stepInviteClient, [[fires('B'), 'terminated', 'timed-out', 'terminated']])
    play(udp(), stepInviteClient, [[broken, 'terminated', 'transport-failed', 'terminated']])
    play(newInviteClient(true), stepInviteClient, [
      [start, 'calling', 'send-request', '+B32000'],
      [gets(603), 'terminated', '-A', '-B', 'send-ack 603', 'deliver 603', 'terminated'],
    ])
  })
})

describe('non-INVITE client, RFC 3261 figure 6', () => {
  it('retransmits up to T2, then absorbs repeats for T4', () => {
    play(newNonInviteClient(false), stepNonInviteClient, [
      [start, 'trying', 'send-request', '+F32000', '+E500'],
      [fires('E'), 'trying', 'send-request', '+E1000'],
      [fires('E'), 'trying', 'send-request', '+E2000'],
      [fires('E'), 'trying', 'send-request', '+E4000'],
      [fires('E'), 'trying', 'send-request', '+E4000'],
      [gets(100), 'proceeding', 'deliver 100'],
      [fires('E'), 'proceeding', 'send-request', '+E4000'],
      [gets(200), 'completed', '-E', '-F', 'deliver 200', '+K5000'],
      [gets(200), 'completed'],
      [fires('F'), 'completed'],
      [fires('K'), 'terminated', 'terminated'],
    ])
  })
  it('times out from both states, breaks, and ends at once on a stream', () => {
    play(newNonInviteClient(false), stepNonInviteClient, [[fires('F'), 'terminated', 'timed-out', 'terminated']])
    play(newNonInviteClient(false), stepNonInviteClient, [
      [gets(100), 'proceeding', 'deliver 100'],
      [fires('F'), 'terminated', 'timed-out', 'terminated'],
    ])
    play(newNonInviteClient(true), stepNonInviteClient, [
      [start, 'trying', 'send-request', '+F32000'],
      [gets(404), 'terminated', '-E', '-F', 'deliver 404', 'terminated'],
    ])
    play(newNonInviteClient(true), stepNonInviteClient, [[broken, 'terminated', 'transport-failed', 'terminated']])
  })
})

describe('INVITE server, RFC 3261 figure 7 and RFC 6026 figure 3', () => {
  it('repeats its refusal until the ACK', () => {
    play(newInviteServer(false), stepInviteServer, [
      [again, 'proceeding'],
      [says(100), 'proceeding', 'send-response 100'],
      [again, 'proceeding', 'send-response 100'],
      [says(180), 'proceeding', 'send-response 180'],
      [ack, 'proceeding'],
      [says(486), 'completed', 'send-response 486', '+H32000', '+G500'],
      [again, 'completed', 'send-response 486'],
      [fires('G'), 'completed', 'send-response 486', '+G1000'],
      [says(200), 'completed'],
      [ack, 'confirmed', '-G', '-H', '+I5000'],
      [ack, 'confirmed'],
      [fires('G'), 'confirmed'],
      [fires('I'), 'terminated', 'terminated'],
    ])
  })
  it('stays for further 2xx and absorbs repeated INVITEs', () => {
    play(newInviteServer(false), stepInviteServer, [
      [says(200), 'accepted', 'send-response 200', '+L32000'],
      [again, 'accepted'],
      [says(200), 'accepted', 'send-response 200'],
      [says(486), 'accepted'],
      [broken, 'accepted', 'transport-failed'],
      [fires('L'), 'terminated', 'terminated'],
    ])
  })
  it('gives up without an ACK; no G and no I on a stream', () => {
    play(newInviteServer(false), stepInviteServer, [
      [says(500), 'completed', 'send-response 500', '+H32000', '+G500'],
      [fires('H'), 'terminated', 'timed-out', 'terminated'],
    ])
    play(newInviteServer(true), stepInviteServer, [
      [says(500), 'completed', 'send-response 500', '+H32000'],
      [ack, 'terminated', '-G', '-H', 'terminated'],
    ])
  })
})

describe('non-INVITE server, RFC 3261 figure 8', () => {
  it('repeats its last answer for 64·T1', () => {
    play(newNonInviteServer(false), stepNonInviteServer, [
      [again, 'trying'],
      [says(100), 'proceeding', 'send-response 100'],
      [again, 'proceeding', 'send-response 100'],
      [says(200), 'completed', 'send-response 200', '+J32000'],
      [again, 'completed', 'send-response 200'],
      [says(404), 'completed'],
      [fires('J'), 'terminated', 'terminated'],
    ])
    play(newNonInviteServer(true), stepNonInviteServer, [[says(200), 'terminated', 'send-response 200', 'terminated']])
    play(newNonInviteServer(false), stepNonInviteServer, [[broken, 'terminated', 'transport-failed', 'terminated']])
  })
})

/** Runs a machine against a clock; `send` sees what it sends. */
function drive<State, Event>(
  clock: FakeClock,
  initial: State,
  step: (state: State, event: Event) => Step<State>,
  act: (effect: TransactionEffect) => void,
) {
  let state = initial
  const timers = new Map<TimerName, Timer>()
  const feed = (event: Event): void => {
    const next = step(state, event)
    state = next.state
    for (const effect of next.effects) {
      if (effect.kind === 'start-timer') {
        timers.get(effect.timer)?.cancel()
        timers.set(
          effect.timer,
          clock.after(effect.delayMs, () => feed(fires(effect.timer) as Event)),
        )
      } else if (effect.kind === 'stop-timer') timers.get(effect.timer)?.cancel()
      else act(effect)
    }
  }
  return feed
}

describe('over a lossy link', () => {
  it.each([0, 0.3, 0.6].flatMap((loss) => [1, 2, 3, 4, 5].map((seed) => [loss, seed] as const)))(
    'loss %d, seed %d: one INVITE, one final, one end on each side',
    async (loss, seed) => {
      for (const final of [200, 486]) {
        const clock = new FakeClock()
        const random = new SeededRandom(seed)
        const link = (deliver: () => void): void => {
          if (random.unit() >= loss) clock.after(10 + random.below(40), deliver)
        }
        const seen = { invites: 0, finals: 0, ends: 0, timeouts: 0 }
        let server: ((event: ServerEvent) => void) | null = null
        const onServer = (effect: TransactionEffect): void => {
          if (effect.kind === 'send-response') link(() => client({ kind: 'response', response: effect.response }))
          else if (effect.kind === 'terminated') seen.ends += 1
        }
        const arrive = (): void => {
          if (server !== null) {
            server(again)
            return
          }
          seen.invites += 1
          server = drive<ReturnType<typeof newInviteServer>, ServerEvent>(
            clock,
            newInviteServer(false),
            stepInviteServer,
            onServer,
          )
          server(says(100))
          clock.after(300, () => server?.(says(final)))
          // The user agent repeats a 2xx itself until it is acknowledged (RFC 3261 §13.3.1.4).
          if (final === 200) for (let at = 800; at < 20_000; at += 2_000) clock.after(at, () => server?.(says(200)))
        }
        const client: (event: ClientEvent) => void = drive<ReturnType<typeof newInviteClient>, ClientEvent>(
          clock,
          newInviteClient(false),
          stepInviteClient,
          (effect) => {
            if (effect.kind === 'send-request') link(arrive)
            else if (effect.kind === 'send-ack') link(() => server?.(ack))
            else if (effect.kind === 'deliver' && effect.response.status >= 200) seen.finals += 1
            else if (effect.kind === 'timed-out') seen.timeouts += 1
            else if (effect.kind === 'terminated') seen.ends += 1
          },
        )
        client(start)
        await clock.advance(130_000)
        expect([seen.invites, seen.ends, seen.timeouts]).toEqual([1, 2, 0])
        if (final === 486) expect(seen.finals).toBe(1)
        else expect(seen.finals).toBeGreaterThanOrEqual(1)
      }
    },
  )

  it.each([1, 2, 3, 4, 5])('30 % loss, seed %d: every non-INVITE is answered, and once', async (seed) => {
    const clock = new FakeClock()
    const random = new SeededRandom(`non-invite ${seed}`)
    const link = (deliver: () => void): void => {
      if (random.unit() >= 0.3) clock.after(20, deliver)
    }
    let answered = 0
    for (let turn = 0; turn < 20; turn += 1) {
      let server: ((event: ServerEvent) => void) | null = null
      const client: (event: ClientEvent) => void = drive<ReturnType<typeof newNonInviteClient>, ClientEvent>(
        clock,
        newNonInviteClient(false),
        stepNonInviteClient,
        (effect) => {
          if (effect.kind === 'deliver') answered += 1
          if (effect.kind !== 'send-request') return
          link(() => {
            if (server === null) {
              server = drive<ReturnType<typeof newNonInviteServer>, ServerEvent>(
                clock,
                newNonInviteServer(false),
                stepNonInviteServer,
                (sent) => {
                  if (sent.kind === 'send-response') link(() => client({ kind: 'response', response: sent.response }))
                },
              )
              server(says(200))
            } else server(again)
          })
        },
      )
      client(start)
    }
    await clock.advance(40_000)
    expect(answered).toBe(20)
  })
})

describe('keys', () => {
  const request = (method: string, via: string, cseq = 1, uri = 'sip:b') =>
    parseSip(
      Buffer.from(
        `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b>\r\nCall-ID: c\r\nCSeq: ${cseq} ${method}\r\n\r\n`,
      ),
    )
  const keyOf = (...args: Parameters<typeof request>) => {
    const message = request(...args)
    return message.kind === 'request' ? serverKeyOf(message) : ''
  }

  it('match branch, sent-by and method, ACK with its INVITE', () => {
    expect(keyOf('ACK', 'h:1;branch=z9hG4bKx')).toBe(keyOf('INVITE', 'h:1;branch=z9hG4bKx'))
    const different = ['h:1;branch=z9hG4bKy', 'h:2;branch=z9hG4bKx', 'g:1;branch=z9hG4bKx'].map((via) =>
      keyOf('INVITE', via),
    )
    expect(
      new Set([...different, keyOf('INVITE', 'h:1;branch=z9hG4bKx'), keyOf('BYE', 'h:1;branch=z9hG4bKx')]).size,
    ).toBe(5)
  })

  it('fall back to RFC 2543 where there is no cookie', () => {
    expect(keyOf('ACK', 'h')).toBe(keyOf('INVITE', 'h'))
    expect(keyOf('INVITE', 'h;branch=z9hG4bK')).toBe(keyOf('INVITE', 'h;branch=z9hG4bK'))
    expect(keyOf('INVITE', 'h', 2)).not.toBe(keyOf('INVITE', 'h', 1))
    const answer = parseSip(Buffer.from('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nCSeq: 1 BYE\r\n\r\n'))
    expect(answer.kind === 'response' && clientKeyOf(answer)).toBe('BYE z9hG4bKx')
  })
})
