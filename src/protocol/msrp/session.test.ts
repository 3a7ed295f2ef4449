import { describe, expect, it } from 'vitest'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'
import { ChunkCollector, ChunkParser, serializeChunk, type Chunk } from './chunk.ts'
import { seededNumbers } from './codec.fuzz.ts'
import { requestHead, responseTo, type RequestHead, type ResponseHead } from './head.ts'
import { reportFor } from './reports.ts'
import { MsrpSession, type SessionHost } from './session-runner.ts'
import {
  defaultSessionTiming,
  initialSession,
  stepSession,
  type OutgoingMessage,
  type SendOutcome,
  type SessionConfig,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
} from './session.ts'

const alice = ['msrp://relay:1/ra;tcp', 'msrp://alice:1/sa;tcp']
const bob = ['msrp://relay:1/rb;tcp', 'msrp://bob:1/sb;tcp']

function config(role: SessionConfig['role'], overrides: Partial<SessionConfig> = {}): SessionConfig {
  const [localPath, remotePath] = role === 'active' ? [alice, bob] : [bob, alice]
  return {
    localPath,
    remotePath,
    role,
    acceptTypes: ['text/*'],
    timing: defaultSessionTiming,
    maxInFlight: 4,
    maxUndecided: 2,
    ...overrides,
  }
}

/** Drives the pure machine and collects what it wants. */
class Bench {
  state: SessionState
  #ids = 0
  constructor(sessionConfig: SessionConfig) {
    this.state = initialSession(sessionConfig)
  }
  do(event: SessionEvent): readonly SessionEffect[] {
    const step = stepSession(this.state, event, { newId: () => `id${String((this.#ids += 1)).padStart(4, '0')}` })
    this.state = step.state
    return step.effects
  }
}

const sends = (effects: readonly SessionEffect[]): RequestHead[] =>
  effects.flatMap((effect) => (effect.kind === 'send' && effect.head.kind === 'request' ? [effect.head] : []))
const outcomes = (effects: readonly SessionEffect[]): SendOutcome[] =>
  effects.flatMap((effect) => (effect.kind === 'outcome' ? [effect.outcome] : []))

function message(messageId: string, size: number, overrides: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const body = Buffer.alloc(size, messageId)
  return {
    messageId,
    contentType: 'text/plain',
    body,
    headers: [],
    successReport: true,
    failureReport: 'yes',
    chunkBytes: 10,
    ...overrides,
  }
}

const answer = (head: RequestHead, code: number): SessionEvent => ({
  kind: 'response',
  head: responseTo(head, code, ''),
})
const reportOn = (head: RequestHead, code: number, start: number, end: number): SessionEvent => ({
  kind: 'report',
  head: reportFor({ ...head, toPath: ['msrp://bob:1/sb;tcp'] }, code, { start, end, total: null }, 'rep1'),
})

function started(overrides: Partial<SessionConfig> = {}): Bench {
  const bench = new Bench(config('active', overrides))
  const [bind] = sends(bench.do({ kind: 'start' }))
  bench.do(answer(bind!, 200))
  return bench
}

describe('sending', () => {
  it('the active end binds with an empty SEND along the whole path', () => {
    const [bind] = sends(new Bench(config('active')).do({ kind: 'start' }))
    expect(bind).toMatchObject({
      toPath: [alice[0], ...bob],
      fromPath: [alice[1]],
      contentType: null,
      byteRange: { start: 1, end: 0, total: 0 },
    })
  })

  it('the passive end waits for the bind, but not for ever', () => {
    const bench = new Bench(config('passive'))
    expect(bench.do({ kind: 'start' })).toContainEqual({ kind: 'start-timer', timer: 'bind', delayMs: 5000 })
    expect(sends(bench.do({ kind: 'send', message: message('m001', 5) }))).toEqual([])
    expect(sends(bench.do({ kind: 'timer', timer: 'bind' }))).toHaveLength(1)
  })

  it('is accepted after every answer, delivered after every byte is reported', () => {
    const bench = started()
    const chunks = sends(bench.do({ kind: 'send', message: message('m001', 25) }))
    expect(chunks.map((head) => head.byteRange)).toEqual([
      { start: 1, end: 10, total: 25 },
      { start: 11, end: 20, total: 25 },
      { start: 21, end: 25, total: 25 },
    ])
    expect(outcomes(bench.do(reportOn(chunks[0]!, 200, 1, 12)))).toEqual([])
    for (const chunk of chunks) expect(outcomes(bench.do(answer(chunk, 200)))).toEqual([])
    expect(outcomes(bench.do(reportOn(chunks[0]!, 200, 13, 24)))).toEqual([])
    expect(outcomes(bench.do(reportOn(chunks[0]!, 200, 20, 25)))).toEqual([{ kind: 'delivered' }])
    const plain = sends(bench.do({ kind: 'send', message: message('m002', 5, { successReport: false }) }))
    expect(outcomes(bench.do(answer(plain[0]!, 200)))).toEqual([{ kind: 'accepted' }])
  })

  it('keeps the window and gives every message its turn', () => {
    const bench = started({ maxInFlight: 2 })
    const first = sends(bench.do({ kind: 'send', message: message('long', 100) }))
    expect(first).toHaveLength(2)
    expect(sends(bench.do({ kind: 'send', message: message('quick', 5) }))).toHaveLength(0)
    const next = [first[0]!, first[1]!].flatMap((head) => sends(bench.do(answer(head, 200))))
    expect(next.map((head) => head.messageId)).toEqual(['long', 'quick'])
    expect(sends(bench.do({ kind: 'writable', writable: false }))).toEqual([])
    expect(sends(bench.do(answer(next[0]!, 200)))).toEqual([])
    expect(sends(bench.do({ kind: 'writable', writable: true }))).toHaveLength(1)
  })

  it.each([
    [413, 'open', 'response'],
    [400, 'open', 'response'],
    [403, 'open', 'response'],
    [415, 'open', 'response'],
    [501, 'open', 'response'],
    [481, 'closed', 'response'],
    [506, 'closed', 'response'],
    [408, 'closed', 'response'],
  ] as const)('%i fails the message, leaves the session %s, and calls off what is half sent', (code, phase, cause) => {
    const bench = started({ maxInFlight: 1 })
    bench.do({ kind: 'chunk', head: bobSends({}), assembly: null })
    const [chunk] = sends(bench.do({ kind: 'send', message: message('m001', 25) }))
    const effects = bench.do(answer(chunk!, code))
    expect(outcomes(effects)).toEqual([{ kind: 'failed', status: code, cause }])
    const off = effects.find((effect) => effect.kind === 'send')
    expect(off).toMatchObject({
      flag: '#',
      head: { messageId: 'm001', failureReport: 'no', byteRange: { start: 11, end: 10 } },
    })
    expect(bench.state.phase).toBe(phase)
  })

  it('a failure report fails the message', () => {
    const bench = started()
    const [chunk] = sends(bench.do({ kind: 'send', message: message('m001', 5) }))
    bench.do(answer(chunk!, 200))
    expect(outcomes(bench.do(reportOn(chunk!, 408, 1, 5)))).toEqual([{ kind: 'failed', status: 408, cause: 'report' }])
  })

  it('has its own time-outs: no answer ends the session, no report fails the message', () => {
    const bench = started()
    const [one] = sends(bench.do({ kind: 'send', message: message('m001', 5) }))
    expect(bench.do(answer(one!, 200))).toContainEqual({ kind: 'start-timer', timer: 'report:m001', delayMs: 30_000 })
    expect(outcomes(bench.do({ kind: 'timer', timer: 'report:m001' }))).toEqual([
      { kind: 'failed', status: 408, cause: 'report-timed-out' },
    ])
    const [two] = sends(bench.do({ kind: 'send', message: message('m002', 5) }))
    bench.do({ kind: 'send', message: message('m003', 5) })
    const effects = bench.do({ kind: 'timer', timer: `transaction:${two!.transactionId}` })
    expect(outcomes(effects)).toEqual([
      { kind: 'failed', status: 408, cause: 'timed-out' },
      { kind: 'failed', status: 408, cause: 'closed' },
    ])
    expect(effects.at(-1)).toEqual({ kind: 'closed', reason: 'timed-out' })
    expect(outcomes(bench.do({ kind: 'send', message: message('m004', 5) }))).toEqual([
      { kind: 'failed', status: 481, cause: 'closed' },
    ])
  })

  it('Failure-Report no waits for nothing, partial only for failures', () => {
    const bench = started()
    const quiet = { successReport: false, failureReport: 'no' } as const
    const effects = bench.do({ kind: 'send', message: message('m001', 25, quiet) })
    expect(outcomes(effects)).toEqual([{ kind: 'accepted' }])
    expect(bench.state.transactions.size).toBe(0)
    const partial = { successReport: false, failureReport: 'partial' } as const
    const second = bench.do({ kind: 'send', message: message('m002', 5, partial) })
    expect(outcomes(second)).toEqual([{ kind: 'accepted' }])
    const timer = `transaction:${sends(second)[0]!.transactionId}`
    expect(bench.do({ kind: 'timer', timer })).toEqual([])
    expect(bench.state.phase).not.toBe('closed')
  })

  it('keeps alive after silence only, and closes when nothing answers', () => {
    const bench = started()
    bench.do({ kind: 'timer', timer: 'keep-alive' })
    const [probe] = sends(bench.do({ kind: 'timer', timer: 'keep-alive' }))
    expect(probe).toMatchObject({ method: 'SEND', contentType: null })
    expect(bench.do({ kind: 'timer', timer: `transaction:${probe!.transactionId}` }).at(-1)).toEqual({
      kind: 'closed',
      reason: 'timed-out',
    })
  })

  it('the application may abort', () => {
    const bench = started({ maxInFlight: 1 })
    bench.do({ kind: 'send', message: message('m001', 25) })
    const effects = bench.do({ kind: 'abort', messageId: 'm001' })
    expect(outcomes(effects)).toEqual([{ kind: 'failed', status: 0, cause: 'aborted' }])
    expect(effects.some((effect) => effect.kind === 'send' && effect.flag === '#')).toBe(true)
  })
})

function bobSends(fields: Partial<RequestHead>): RequestHead {
  const paths = { toPath: alice.slice(-1), fromPath: [alice[0]!, bob[0]!, bob[1]!] }
  return { ...requestHead('SEND', { transactionId: 'bob1', messageId: 'frombob', ...paths }), ...fields }
}

const assembled = {
  messageId: 'frombob',
  contentType: 'text/plain',
  headers: [],
  body: Buffer.from('hi'),
  totalBytes: 2,
  streamed: false,
}

describe('receiving', () => {
  const responses = (effects: readonly SessionEffect[]): number[] =>
    effects.flatMap((effect) => (effect.kind === 'send' && effect.head.kind === 'response' ? [effect.head.code] : []))

  it('answers only once the application has decided, and reports when asked', () => {
    const bench = started()
    const head = bobSends({ contentType: 'text/plain', successReport: true })
    const effects = bench.do({ kind: 'chunk', head, assembly: { kind: 'message', message: assembled } })
    expect(responses(effects)).toEqual([])
    expect(effects).toContainEqual({ kind: 'deliver', receipt: 1, message: assembled })
    const decided = bench.do({ kind: 'decision', receipt: 1, status: 200 })
    expect(responses(decided)).toEqual([200])
    expect(sends(decided)).toMatchObject([
      { method: 'REPORT', toPath: head.fromPath, byteRange: { start: 1, end: 2, total: 2 }, status: { code: 200 } },
    ])
    expect(bench.do({ kind: 'decision', receipt: 1, status: 200 })).toEqual([])
  })

  it.each([
    ['yes', 200, [200]],
    ['yes', 413, [413]],
    ['partial', 200, []],
    ['partial', 413, [413]],
    ['no', 200, []],
    ['no', 413, []],
  ] as const)('Failure-Report %s, status %i: answers %j', (failureReport, status, expected) => {
    const bench = started()
    const head = bobSends({ contentType: 'text/plain', failureReport })
    bench.do({ kind: 'chunk', head, assembly: { kind: 'message', message: assembled } })
    expect(responses(bench.do({ kind: 'decision', receipt: 1, status }))).toEqual(expected)
  })

  it.each([
    ['another session', { toPath: ['msrp://alice:1/other;tcp'] }, 481],
    ['a path that does not end here', { toPath: [alice[1]!, 'msrp://x;tcp'] }, 481],
    ['another sender', { fromPath: ['msrp://relay:1/ra;tcp', 'msrp://eve:1/se;tcp'] }, 481],
    ['an unknown method', { method: 'BAKE' }, 501],
    ['a type we do not take', { contentType: 'image/png' }, 415],
    ['a malformed header', { malformed: 'bad-byte-range' }, 400],
  ] as const)('refuses %s', (_name, fields, code) => {
    const bench = started()
    expect(responses(bench.do({ kind: 'chunk', head: bobSends(fields), assembly: null }))).toEqual([code])
  })

  it('takes a rewritten host with the right session id', () => {
    const head = bobSends({ toPath: ['msrp://nat.example:9/sa;tcp'] })
    expect(responses(started().do({ kind: 'chunk', head, assembly: null }))).toEqual([200])
  })

  it('does not hold more undecided messages than agreed', () => {
    const bench = started()
    const head = bobSends({ contentType: 'text/plain' })
    const codes = [1, 2, 3].map(() =>
      responses(bench.do({ kind: 'chunk', head, assembly: { kind: 'message', message: assembled } })),
    )
    expect(codes).toEqual([[], [], [413]])
  })
})

interface LinkTrouble {
  /** In 1000. */
  readonly lose: number
  /** Hop by hop: a relay in between answers every SEND itself before it loses it. */
  readonly relay: boolean
  readonly reorder: boolean
  readonly cutAfterMs: number | null
}

/** Two sessions over a link with trouble; every frame is really written and read. */
function linked(
  clock: FakeClock,
  seed: number,
  trouble: LinkTrouble,
  onBob: (body: string) => void,
): [MsrpSession, MsrpSession] {
  const pick = seededNumbers(seed)
  let ids = 0
  let cut = false
  const sessions: MsrpSession[] = []
  const deliver = (to: MsrpSession, chunk: Chunk): void => {
    if (cut) return
    if (chunk.head.kind === 'response') {
      to.handleResponse(chunk.head)
      return
    }
    to.beginRequest(chunk.head)
    if (chunk.body !== null) to.writeRequest(chunk.body)
    to.endRequest(chunk.flag)
  }
  const hostOf = (own: number): SessionHost => ({
    clock,
    newId: () => `id${(ids += 1)}x${pick(1e9)}`,
    forget: () => undefined,
    sendFrame: (head, body, flag) => {
      const { bytes } = serializeChunk({ head, body, flag }, () => 'never-used')
      const wire: Chunk[] = []
      new ChunkParser(new ChunkCollector((chunk) => wire.push(chunk))).push(bytes)
      const [chunk] = wire
      const answers = chunk!.head.kind === 'response'
      if (trouble.relay && answers) return true
      if (
        trouble.relay &&
        chunk!.head.kind === 'request' &&
        chunk!.head.method === 'SEND' &&
        chunk!.head.failureReport === 'yes'
      ) {
        const ok: ResponseHead = responseTo(chunk!.head, 200, 'OK')
        clock.after(1, () => deliver(sessions[own]!, { head: ok, body: null, flag: '$' }))
      }
      if (pick(1000) < trouble.lose) return true
      // A relay hands the endpoint its own hop only.
      const arrived =
        chunk!.head.kind === 'request'
          ? { ...chunk!, head: { ...chunk!.head, toPath: chunk!.head.toPath.slice(-1) } }
          : chunk!
      clock.after(trouble.reorder ? 1 + pick(40) : 5, () => deliver(sessions[1 - own]!, arrived))
      return pick(10) > 0
    },
  })
  const handlers = {
    onMessage: (incoming: { body: Uint8Array }, decision: { accept(): void }) => {
      onBob(Buffer.from(incoming.body).toString())
      clock.after(pick(20), () => decision.accept())
    },
  }
  sessions.push(
    new MsrpSession(hostOf(0), { config: config('active', { maxUndecided: 64, maxInFlight: 16 }), handlers }),
  )
  sessions.push(
    new MsrpSession(hostOf(1), { config: config('passive', { maxUndecided: 64, maxInFlight: 16 }), handlers }),
  )
  // A full transport drains by itself.
  const drain = (): void => {
    for (const session of sessions) session.handleWritable(true)
    clock.after(7, drain)
  }
  drain()
  if (trouble.cutAfterMs !== null) {
    clock.after(trouble.cutAfterMs, () => {
      cut = true
      for (const session of sessions) session.close('lost')
    })
  }
  return [sessions[0]!, sessions[1]!]
}

describe('a session over a link with trouble', () => {
  const troubles: [string, LinkTrouble][] = [
    ['none', { lose: 0, relay: false, reorder: false, cutAfterMs: null }],
    ['reordering relays', { lose: 0, relay: true, reorder: true, cutAfterMs: null }],
    ['relays that lose', { lose: 100, relay: true, reorder: true, cutAfterMs: null }],
    ['a link that loses', { lose: 150, relay: false, reorder: false, cutAfterMs: null }],
    ['a cut', { lose: 0, relay: false, reorder: true, cutAfterMs: 25 }],
  ]
  const seeds = [1, 2, 3, 4]
  it.each(troubles.flatMap(([name, trouble]) => seeds.map((seed) => [name, seed, trouble] as const)))(
    '%s, seed %i',
    async (_name, seed, trouble) => {
      const clock = new FakeClock()
      const received: string[] = []
      const [a, b] = linked(clock, seed, trouble, (body) => received.push(body))
      b.start()
      a.start()
      const bodies = Array.from({ length: 20 }, (_, index) => `${index}:`.padEnd(3 + ((index * 37) % 90), 'x'))
      const results: (SendOutcome | undefined)[] = []
      bodies.forEach((body, index) => {
        void a.send({ ...message(`m${100 + index}`, 0), body: Buffer.from(body) }).then((outcome) => {
          expect(results[index]).toBeUndefined()
          results[index] = outcome
        })
      })
      await settle()
      await clock.advance(1500)
      if (trouble.lose > 0) await clock.advance(65_000)
      // Every message has exactly one fate, whatever happened.
      expect(results.filter((outcome) => outcome !== undefined)).toHaveLength(20)
      expect(new Set(received).size).toBe(received.length)
      for (const body of received) expect(bodies).toContain(body)
      results.forEach((outcome, index) => {
        if (outcome?.kind === 'delivered') expect(received).toContain(bodies[index])
      })
      if (trouble.lose === 0 && trouble.cutAfterMs === null)
        expect(results).toEqual(Array(20).fill({ kind: 'delivered' }))
      else expect(results.some((outcome) => outcome?.kind === 'failed')).toBe(true)
    },
  )
})
