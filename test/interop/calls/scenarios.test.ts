/** sipp against the whole of a call: signalling, gateway and media engine, with sound both ways. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import { describeWithPeers, pause, waitUntil } from '../peers.ts'
import { startSipp, type Sipp, type SippOptions } from '../sipp.ts'
import { startCaller, type Caller } from './caller.ts'
import { hear, untilHeard } from './ears.ts'
import { pageVoice, startPageEngine, type PageEngine } from './page-engine.ts'
import { startRtpEnd, type RtpEnd } from './rtp-end.ts'

const bob = 'sip:bob@sotto.test'

let engine: PageEngine
let sipp: Sipp
let caller: Caller
const ends: RtpEnd[] = []

async function speaker(voice: string): Promise<RtpEnd> {
  const end = await startRtpEnd(voice)
  ends.push(end)
  return end
}

/** Registers at sipp; in clear, so that nobody waits for keys. */
async function play(options: SippOptions): Promise<void> {
  sipp = await startSipp(options)
  const access = {
    transport: 'udp',
    server: `127.0.0.1:${sipp.port}`,
    extraAuthorities: [],
    msrpRelay: 'none',
  } as const
  caller = await startCaller(access, engine, { policy: 'any' })
}

async function isUp(call: CallId): Promise<void> {
  await waitUntil(() => caller.view(call)?.phase === 'active', `the call is up; it is ${caller.view(call)?.phase}`)
}

async function bothHear({ voice, recording }: RtpEnd): Promise<void> {
  await hear(engine, voice)
  await untilHeard(pageVoice, recording)
}

async function hangUp(callId: CallId): Promise<void> {
  await caller.calls.end({ callId })
  await sipp.done()
}

describeWithPeers('sipp on the phone, heard', ['sipp'], () => {
  beforeAll(async () => {
    engine = await startPageEngine()
  })
  afterAll(() => engine.stop())
  afterEach(async () => {
    await caller.stop()
    await sipp.stop()
    for (const end of ends.splice(0)) end.stop()
  })

  it('talks to the device that answered first, and lets the other go', { timeout: 60_000 }, async () => {
    const [taken, left] = [await speaker('taken'), await speaker('left')]
    await play({ scenario: 'forked-answers', calls: 2, keywords: { ear: taken.port, other_ear: left.port } })
    const call = await caller.call(bob)
    await isUp(call)
    await bothHear(taken)
    expect(left.recording()).toHaveLength(0)
    await hangUp(call)
  })

  it('rings without a description, hears what comes with one, and talks', { timeout: 60_000 }, async () => {
    const end = await speaker('network')
    await play({ scenario: 'session-progress', calls: 2, keywords: { ear: end.port } })
    const call = await caller.call(bob)
    await waitUntil(() => caller.view(call)?.phase === 'ringing', 'it rings')
    expect(caller.view(call)?.earlyMedia).toBe(false)
    sipp.goOn(caller.sipCallId())
    await hear(engine, end.voice)
    expect(caller.view(call)).toMatchObject({ phase: 'ringing', earlyMedia: true })
    sipp.goOn(caller.sipCallId())
    await isUp(call)
    await untilHeard(pageVoice, end.recording)
    await hangUp(call)
  })

  it('takes its answer from a reliable 183', { timeout: 60_000 }, async () => {
    const end = await speaker('reliable')
    await play({ scenario: 'reliable-ringing', calls: 2, keywords: { ear: end.port } })
    const call = await caller.call(bob)
    await isUp(call)
    await bothHear(end)
    await hangUp(call)
  })

  it('answers a call without an offer', { timeout: 60_000 }, async () => {
    const end = await speaker('late')
    await play({ scenario: 'late-offer', calls: 1, keywords: { ear: end.port } })
    const call = await caller.ringing()
    await caller.calls.accept({ callId: call, video: false })
    await isUp(call)
    await bothHear(end)
    await hangUp(call)
  })

  it('holds although both offer at once', { timeout: 60_000 }, async () => {
    const end = await speaker('glare')
    await play({ scenario: 'glare', calls: 2, keywords: { ear: end.port } })
    const call = await caller.call(bob)
    await isUp(call)
    await bothHear(end)
    await caller.calls.setHeld({ callId: call, held: true })
    expect(caller.view(call)).toMatchObject({ phase: 'active', held: 'by-us' })
    const before = end.recording().length
    await pause(500)
    expect(end.recording()).toHaveLength(before)
    await hangUp(call)
  })

  it('goes on through refreshes of the session', { timeout: 60_000 }, async () => {
    const end = await speaker('session')
    await play({ scenario: 'session-interval', calls: 3, keywords: { ear: end.port } })
    const call = await caller.call(bob)
    await isUp(call)
    await bothHear(end)
    await hangUp(call)
  })
})
