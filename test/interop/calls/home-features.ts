/** What phones do at our own home server; a feature fails by throwing. */
import { readFileSync } from 'node:fs'
import { pause } from '../peers.ts'
import { baresipFace } from './baresip-phone.ts'
import { connect, type Access } from './caller.ts'
import { countWords, enoughWords, hear } from './ears.ts'
import { sameLetters, type Feature } from './features.ts'
import { echoAor } from './home-place.ts'
import { linphoneFace } from './linphone-phone.ts'
import { pageVoice } from './page-engine.ts'
import { phoneVoice, type KeyMethod, type PhoneTransport } from './phone.ts'
import { alikeness } from './picture.ts'
import type { PhoneKind, Scene } from './scene.ts'

/** The phone says its words in three seconds; without keys the echo is silent for four. */
const talkMs = 10_000
const enoughAlike = 0.9

interface EchoCall {
  readonly kind: PhoneKind
  readonly keys: KeyMethod
  readonly transport: PhoneTransport
  readonly video: boolean
}

const echoCalls: readonly EchoCall[] = [
  { kind: 'linphone', keys: 'zrtp', transport: 'udp', video: false },
  { kind: 'linphone', keys: 'zrtp', transport: 'udp', video: true },
  { kind: 'linphone', keys: 'zrtp', transport: 'tls', video: true },
  { kind: 'linphone', keys: 'sdes', transport: 'tls', video: true },
  { kind: 'baresip', keys: 'sdes', transport: 'tcp', video: true },
  { kind: 'baresip', keys: 'none', transport: 'udp', video: false },
]

const webCalls = [
  { ours: 'wss', phone: 'udp' },
  { ours: 'wss', phone: 'tcp' },
  { ours: 'ws', phone: 'udp' },
  { ours: 'ws', phone: 'tcp' },
] as const satisfies readonly { readonly ours: Access['transport']; readonly phone: PhoneTransport }[]

export const homeFeatures: readonly Feature[] = [
  ...echoCalls.map((call) => ({
    name: `echo ${call.keys} ${call.transport} ${call.video ? 'video ' : ''}${call.kind}`,
    run: (scene: Scene) => echo(scene, call),
  })),
  ...webCalls.map(({ ours, phone }) => ({
    name: `home ${ours} ${phone} linphone`,
    run: (scene: Scene) => throughHome(scene, ours, phone),
  })),
]

/** The phone hears and sees itself. baresip knows MD5 alone. */
async function echo({ engine, ...scene }: Scene, { kind, keys, transport, video }: EchoCall): Promise<void> {
  const home = await scene.home()
  const password = kind === 'baresip' ? { password: home.letPhonesIn('bob') } : {}
  const phone = await scene.phone(kind, { ...home.at(transport), keys, video, ...password })
  phone.call(echoAor)
  await pause(talkMs)
  const seen = video ? await engine.coloursOf(await phone.snapshot()) : null
  phone.hangUp()
  const words = await countWords(phoneVoice, await phone.recording())
  if (words < enoughWords) throw new Error(`it heard ${words} words of its own`)
  const shown = kind === 'linphone' ? await engine.coloursOf(readFileSync(linphoneFace)) : baresipFace
  const alike = seen === null ? 1 : alikeness(shown, seen)
  if (alike < enoughAlike) throw new Error(`what it sees is like its own picture by ${alike.toFixed(2)}`)
  if ((phone.sas() !== null) !== (keys === 'zrtp')) throw new Error(`letters: ${String(phone.sas())}`)
}

/** Both sign in at the home server, each in its own way. */
async function throughHome(scene: Scene, ours: Access['transport'], transport: PhoneTransport): Promise<void> {
  const home = await scene.home()
  const phone = await scene.phone('linphone', home.at(transport))
  const caller = await scene.caller({}, home.access(ours))
  const callId = await connect(caller, phone, { direction: 'in' })
  await caller.talking(callId)
  await sameLetters(caller, callId, phone)
  await hear(scene.engine, phoneVoice)
  await pause(talkMs / 2)
  await caller.calls.end({ callId })
  const words = await countWords(pageVoice, await phone.recording())
  if (words < enoughWords) throw new Error(`the phone heard ${words} words of ours`)
}
