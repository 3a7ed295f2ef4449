/** What calls do besides talking, each with a real phone; a feature fails by throwing. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import { pause, waitUntil } from '../peers.ts'
import { connect, type Caller } from './caller.ts'
import { countWords, enoughWords, hear } from './ears.ts'
import { pageVoice } from './page-engine.ts'
import { phoneVoice, type KeyMethod, type RealPhone } from './phone.ts'
import type { PhoneKind, Scene } from './scene.ts'
import { sampleRate } from './speech.ts'

export interface Feature {
  readonly name: string
  readonly run: (scene: Scene) => Promise<void>
}

const keysOf: Readonly<Record<PhoneKind, KeyMethod>> = { linphone: 'zrtp', baresip: 'none' }
/** Words of the last seconds that show that sound still comes: none is ever found in silence or in another voice. */
const stillHeard = 2
/** Bits per second: far more than comfort noise, far less than speech. */
const heardBitrate = 10_000
/** What a phone is given to hear before it is asked. */
const talkMs = 4_000

const kinds: readonly PhoneKind[] = ['linphone', 'baresip']

export const features: readonly Feature[] = [
  ...kinds.flatMap((kind): readonly Feature[] => [
    { name: `hold by us ${kind}`, run: (scene) => weHold(scene, kind) },
    { name: `hold by phone ${kind}`, run: (scene) => theyHold(scene, kind) },
    { name: `digits ${kind}`, run: (scene) => digits(scene, kind) },
    { name: `early ${kind}`, run: (scene) => early(scene, kind) },
    { name: `ice ${kind}`, run: (scene) => ice(scene, kind) },
    { name: `relay ${kind}`, run: (scene) => relayed(scene, kind, false) },
    { name: `relay ice ${kind}`, run: (scene) => relayed(scene, kind, true) },
    { name: `refused ${kind}`, run: (scene) => refused(scene, kind) },
    { name: `hangs up ${kind}`, run: (scene) => hangsUp(scene, kind) },
    { name: `transfer ${kind}`, run: (scene) => transfer(scene, kind) },
    { name: `transferred by ${kind}`, run: (scene) => transferred(scene, kind) },
  ]),
  ...(['udp', 'tcp', 'tls', 'ws', 'wss'] as const).map((transport) => ({
    name: `over ${transport}`,
    run: (scene: Scene) => over(scene, transport),
  })),
  { name: 'compared linphone', run: compared },
  { name: 'timer linphone', run: timer },
]

function expectThat(holds: boolean, words: string): void {
  if (!holds) throw new Error(words)
}

/** Hangs up; the phone must have heard us until now. */
async function partHeard(caller: Caller, phone: RealPhone): Promise<void> {
  await pause(talkMs)
  const call = caller.latest()
  if (call !== null) await caller.calls.end({ callId: call.id })
  const last = (await phone.recording()).slice((-talkMs / 1000) * sampleRate)
  const words = await countWords(pageVoice, last)
  expectThat(words >= stillHeard, `at the end the phone heard ${words} words of ours`)
}

async function weHold(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind] })
  const caller = await scene.caller()
  const callId = await connect(caller, phone, { direction: 'out' })
  await caller.talking(callId)
  await hear(scene.engine, phoneVoice)
  await caller.calls.setHeld({ callId, held: true })
  expectThat(caller.view(callId)?.held === 'by-us', 'not held by us')
  await waitUntil(() => phone.isHeld(), 'the phone says that it is held')
  await pause(500)
  const from = (await scene.engine.recording()).length
  await pause(2_000)
  const words = await countWords(phoneVoice, (await scene.engine.recording()).slice(from))
  expectThat(words === 0, `${words} words were heard in hold`)
  await waitUntil(() => (phone.receives() ?? 0) === 0, 'the phone gets nothing in hold')
  await caller.calls.setHeld({ callId, held: false })
  expectThat(caller.view(callId)?.held === 'no', 'still held')
  await hear(scene.engine, phoneVoice, (await scene.engine.recording()).length)
  if (phone.receives() === null) {
    await partHeard(caller, phone)
    return
  }
  // baresip's recorder stops with the first hold, its ears do not.
  await waitUntil(() => (phone.receives() ?? 0) > heardBitrate, 'the phone gets our sound again')
  await caller.calls.end({ callId })
}

async function theyHold(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind] })
  const caller = await scene.caller()
  const callId = await connect(caller, phone, { direction: 'in' })
  await caller.talking(callId)
  await hear(scene.engine, phoneVoice)
  phone.hold()
  await waitUntil(() => caller.view(callId)?.held === 'by-peer', 'we see that we are held')
  // linphonec resumes only once our answer has reached it.
  await pause(1_000)
  phone.resume()
  await waitUntil(() => caller.view(callId)?.held === 'no', 'we see that we are not held any more')
  await hear(scene.engine, phoneVoice, (await scene.engine.recording()).length)
  await partHeard(caller, phone)
}

async function digits(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind] })
  const caller = await scene.caller()
  const callId = await connect(caller, phone, { direction: 'out' })
  await caller.talking(callId)
  await hear(scene.engine, phoneVoice)
  for (const digit of '15#') await caller.calls.sendDigit({ callId, digit })
  await waitUntil(() => phone.pressed() === '15#', `the phone hears our keys`).catch(() => {
    throw new Error(`the phone heard ${phone.pressed()}`)
  })
  for (const digit of '079') {
    phone.press(digit)
    await pause(600)
  }
  await waitUntil(() => caller.pressed() === '079', `we hear its keys`).catch(() => {
    throw new Error(`we heard ${caller.pressed()}`)
  })
  await partHeard(caller, phone)
}

/** Both are silent until somebody takes the call; that sound before it is heard is for sipp to show. */
async function early(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind], early: true })
  const caller = await scene.caller({ policy: 'any' })
  const callId = await caller.call(phone.aor)
  await waitUntil(() => caller.view(callId)?.earlyMedia === true, 'there is early media')
  expectThat(caller.view(callId)?.phase === 'ringing', 'it rings no more')
  await phone.answer()
  await caller.talking(callId)
  await hear(scene.engine, phoneVoice, (await scene.engine.recording()).length)
  await partHeard(caller, phone)
}

async function network(caller: Caller): Promise<CallNetworkView | null> {
  const call = caller.latest()
  return call === null ? null : caller.calls.network({ callId: call.id })
}

async function ice(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind], ice: true })
  const caller = await scene.caller()
  const callId = await connect(caller, phone, { direction: 'out' })
  await caller.talking(callId)
  await hear(scene.engine, phoneVoice)
  const found = await network(caller)
  const isThere = found !== null && phone.log().includes(found.remoteAddress.replace(/:\d+$/, ''))
  expectThat(isThere && ['direct', 'reflexive'].includes(found.path), `the path is ${JSON.stringify(found)}`)
  const checked = /connectivity check is complete|IceStateHostConnection/i
  expectThat(checked.test(phone.log()), 'the phone says nothing of a pair that works')
  await partHeard(caller, phone)
}

async function relayed(scene: Scene, kind: PhoneKind, hasIce: boolean): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind], ice: hasIce })
  const { address, credentials } = await scene.relay(hasIce)
  const caller = await scene.caller({ relay: { ...address, ...credentials } })
  const callId = await connect(caller, phone, { direction: 'out' })
  await caller.talking(callId)
  await hear(scene.engine, phoneVoice)
  const found = await network(caller)
  expectThat(found?.path === 'relayed', `the path is ${JSON.stringify(found)}`)
  expectThat(caller.view(callId)?.addressHidden === true, 'the address is not hidden')
  await partHeard(caller, phone)
}

/** linphonec declines with 603, baresip with 486. */
async function refused(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind] })
  const caller = await scene.caller()
  const callId = await caller.call(phone.aor)
  await phone.decline()
  const end = await caller.over(callId)
  expectThat(end === (kind === 'linphone' ? 'peer-declined' : 'peer-busy'), `ended: ${String(end)}`)
}

async function hangsUp(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: keysOf[kind] })
  const caller = await scene.caller()
  const callId = await connect(caller, phone, { direction: 'in' })
  await caller.talking(callId)
  phone.hangUp()
  const end = await caller.over(callId)
  expectThat(end === 'peer-hung-up', `ended: ${String(end)}`)
}

/** The other phone is called by this one, and they hear each other. */
async function transfer(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: 'none' })
  const other = await scene.phone(kind === 'linphone' ? 'baresip' : 'linphone', { keys: 'none' })
  const caller = await scene.caller({ policy: 'any' })
  const callId = await connect(caller, phone, { direction: 'out' })
  await caller.talking(callId)
  await caller.calls.transfer({ callId, to: other.aor as Aor })
  await other.answer()
  const end = await caller.over(callId)
  expectThat(end === 'transferred', `ended: ${String(end)}`)
  await pause(talkMs)
  other.hangUp()
  const words = await countWords(phoneVoice, await other.recording())
  expectThat(words >= enoughWords, `the other phone heard ${words} words`)
}

/** The phone asks us to call another one; the user agrees. */
async function transferred(scene: Scene, kind: PhoneKind): Promise<void> {
  const phone = await scene.phone(kind, { keys: 'none' })
  const other = await scene.phone(kind === 'linphone' ? 'baresip' : 'linphone', { keys: 'none' })
  const caller = await scene.caller({ policy: 'any' })
  const first = await connect(caller, phone, { direction: 'in' })
  await caller.talking(first)
  await hear(scene.engine, phoneVoice)
  phone.transfer(other.aor)
  await waitUntil(() => caller.view(first)?.referral?.to === other.aor, 'we are asked to call the other phone')
  const conversationId = other.aor as ConversationId
  const second = await caller.calls.place({ conversationId, video: false, referredIn: first })
  await other.answer()
  await caller.talking(second)
  // It hangs up as soon as it hears how well that went.
  const end = await caller.over(first)
  expectThat(end === 'replaced', `the first call ended: ${String(end)}`)
  await hear(scene.engine, phoneVoice, (await scene.engine.recording()).length)
  await partHeard(caller, other)
}

async function over(scene: Scene, transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'): Promise<void> {
  const phone = await scene.phone('linphone', {
    transport: transport === 'udp' ? 'tls' : transport === 'tls' ? 'tcp' : 'udp',
  })
  const caller = await scene.caller({}, transport)
  const callId = await connect(caller, phone, { direction: 'in' })
  await caller.talking(callId)
  await sameLetters(caller, callId, phone)
  await hear(scene.engine, phoneVoice)
  await partHeard(caller, phone)
}

/** Both sides show them; either may be the later one. */
export async function sameLetters(caller: Caller, callId: CallId, phone: RealPhone): Promise<void> {
  const ours = (): string | null => caller.view(callId)?.security.sas?.text ?? null
  await waitUntil(() => ours() !== null && phone.sas() === ours(), 'the letters').catch(() => {
    throw new Error(`letters ${String(ours())} and ${String(phone.sas())}`)
  })
}

async function compared(scene: Scene): Promise<void> {
  const phone = await scene.phone('linphone', {})
  const caller = await scene.caller()
  const first = await connect(caller, phone, { direction: 'out' })
  const { security } = await caller.talking(first)
  await waitUntil(() => phone.sas() === security.sas?.text, 'the phone has our letters')
  expectThat(security.comparison === 'compare', `at first: ${security.comparison}`)
  await caller.calls.compared({ callId: first, equal: true, deviceName: 'desk' })
  // Told earlier, it would forget it: it takes note of new letters as not compared.
  await waitUntil(
    () => phone.log().includes(`Authentication token is ${String(security.sas?.text)}`),
    'it has noted them',
  )
  phone.confirm(1)
  // Its confirmation is written by another thread of its own.
  await pause(500)
  await caller.calls.end({ callId: first })
  await waitUntil(() => phone.log().includes('LinphoneCallReleased'), 'the phone hangs up')
  const second = await connect(caller, phone, { direction: 'in' })
  const again = (await caller.talking(second)).security
  await waitUntil(() => phone.sas() === again.sas?.text, 'the phone has our letters again')
  expectThat(again.comparison === 'remembered', `then: ${again.comparison}`)
  expectThat(again.warnings.length === 0 && again.peerDeviceName === 'desk', JSON.stringify(again))
  await waitUntil(() => phone.log().includes('previously verified yes'), 'the phone remembers')
  await caller.calls.end({ callId: second })
}

/** Half of the shortest interval that RFC 4028 allows, until the first refresh. */
async function timer(scene: Scene): Promise<void> {
  const phone = await scene.phone('linphone', { sessionInterval: 90 })
  const caller = await scene.caller()
  const callId = await connect(caller, phone, { direction: 'in' })
  await caller.talking(callId)
  const refreshes = (): number => [...phone.log().matchAll(/^Session-Expires: 90/gim)].length
  const before = refreshes()
  expectThat(before > 0, 'no session timer was agreed')
  await waitUntil(() => refreshes() > before, 'the session is refreshed', 70_000)
  expectThat(caller.view(callId)?.phase === 'active', 'the refresh ended the call')
  await hear(scene.engine, phoneVoice, (await scene.engine.recording()).length)
  await partHeard(caller, phone)
}
