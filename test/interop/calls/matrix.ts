/** One call of ours with one real phone, judged by what was heard at both ends. */
import { readFileSync } from 'node:fs'
import type { CallId, CallSecurityView, CallView } from '#shared/model/calls.ts'
import { kamailioDomain, type Kamailio } from '../kamailio.ts'
import { pause } from '../peers.ts'
import { baresipFace, startBaresipPhone } from './baresip-phone.ts'
import { accessTo, connect, startCaller, type Caller } from './caller.ts'
import { countWords, enoughWords } from './ears.ts'
import { keepFiles } from './keep-files.ts'
import { linphoneFace, startLinphonePhone } from './linphone-phone.ts'
import { pageFace, pageVoice, type PageEngine } from './page-engine.ts'
import { phoneVoice, type Codec, type KeyMethod, type RealPhone } from './phone.ts'
import { alikeness, mosaicOf } from './picture.ts'

export interface CallCase {
  readonly peer: 'linphone' | 'baresip'
  readonly keys: KeyMethod
  /** `VP8`: pictures, with Opus. */
  readonly codec: Codec | 'VP8'
  /** `out`: we call. */
  readonly direction: 'out' | 'in'
  /** What the last call with this phone agreed on; none before by default. */
  readonly lastKeys?: 'sdes'
}

export interface CallResult {
  /** Null = as it should be. */
  readonly fault: string | null
  readonly method: CallSecurityView['method'] | null
  readonly audioCodec: string
  /** Different words of eight that each side heard of the other. */
  readonly heardHere: number
  readonly heardThere: number
  /** How alike what each side sees is to what the other shows, where there are pictures. */
  readonly seenHere: number | null
  readonly seenThere: number | null
}

/** Correlation of colours that it takes to believe in a picture. */
const enoughAlike = 0.9
const leastTalkMs = 3_000
const patienceMs = 20_000
const lookMs = 500

export const allCases: readonly CallCase[] = [
  ...casesOf('linphone', ['zrtp', 'sdes', 'dtls', 'none']),
  ...casesOf('baresip', ['sdes', 'dtls', 'none']),
]

function casesOf(peer: CallCase['peer'], keys: readonly KeyMethod[]): CallCase[] {
  return keys.flatMap((key) =>
    (['opus', 'PCMU', 'PCMA', 'VP8'] as const).flatMap((codec) =>
      (['out', 'in'] as const).map((direction) => ({ peer, keys: key, codec, direction, ...memoryOf(key) })),
    ),
  )
}

/** A phone that insists on SDES refuses what we offer to strangers. */
function memoryOf(keys: KeyMethod): Pick<CallCase, 'lastKeys'> {
  return keys === 'sdes' ? { lastKeys: 'sdes' } : {}
}

export function nameOf({ peer, keys, codec, direction }: CallCase): string {
  return `${peer} ${keys} ${codec} ${direction}`
}

const nothing = {
  ...{ method: null, audioCodec: '', heardHere: 0, heardThere: 0 },
  ...{ seenHere: null, seenThere: null },
}

/** Talks once; a fault is told, not thrown. */
export async function runCase(call: CallCase, kamailio: Kamailio, engine: PageEngine): Promise<CallResult> {
  const start = call.peer === 'linphone' ? startLinphonePhone : startBaresipPhone
  const running: (() => Promise<void>)[] = []
  try {
    const codec = call.codec === 'VP8' ? 'opus' : call.codec
    const { keys } = call
    const place = { port: kamailio.ports.sip, domain: kamailioDomain }
    const phone = await start({ ...place, keys, codec, video: hasPictures(call) })
    running.unshift(() => phone.stop())
    running.unshift(() => keepFiles(nameOf(call), phone))
    const caller = await startCaller(accessTo(kamailio), engine, { lastKeys: call.lastKeys ?? null })
    running.unshift(() => caller.stop())
    const id = await connect(caller, phone, { direction: call.direction, video: hasPictures(call) })
    return await listen({ call, id, caller, phone, engine })
  } catch (error) {
    return { ...nothing, fault: error instanceof Error ? error.message : String(error) }
  } finally {
    for (const stop of running) await stop()
  }
}

function hasPictures({ codec }: CallCase): boolean {
  return codec === 'VP8'
}

/** Neither phone bundles, and under DTLS-SRTP our engine has one transport: such a call has sound only, and says so. */
function getsPictures(call: CallCase): boolean {
  return hasPictures(call) && call.keys !== 'dtls'
}

interface Talk {
  readonly call: CallCase
  readonly id: CallId
  readonly caller: Caller
  readonly phone: RealPhone
  readonly engine: PageEngine
}

async function listen({ call, id, caller, phone, engine }: Talk): Promise<CallResult> {
  await caller.talking(id)
  const heardHere = await untilBothHeard(phone, engine)
  const view = caller.view(id)
  const isShown = view?.video === true
  const nobody = getsPictures(call) ? 0 : null
  const seen = isShown ? await look(call.peer, phone, engine) : { seenHere: nobody, seenThere: nobody }
  const network = await caller.calls.network({ callId: id })
  await caller.calls.end({ callId: id })
  const heardThere = await countWords(pageVoice, await phone.recording())
  const found = { method: view?.security.method ?? null, audioCodec: network?.audioCodec ?? '' }
  const result = { ...found, heardHere, heardThere, ...seen }
  return { ...result, fault: faultOf(call, result, { view, sas: phone.sas() }) }
}

/** Lets them talk until each has heard enough, and longer where the computer is busy; how many words we heard. */
async function untilBothHeard(phone: RealPhone, engine: PageEngine): Promise<number> {
  await pause(leastTalkMs)
  let [here, there] = [0, 0]
  for (let waited = 0; waited < patienceMs && (here < enoughWords || there < enoughWords); waited += lookMs) {
    await pause(lookMs)
    if (here < enoughWords) here = await countWords(phoneVoice, await engine.recording())
    if (there < enoughWords) there = await countWords(pageVoice, phone.heardSoFar())
  }
  return here
}

/** Compares what each side sees with what the other shows. */
async function look(
  peer: CallCase['peer'],
  phone: RealPhone,
  engine: PageEngine,
): Promise<Pick<CallResult, 'seenHere' | 'seenThere'>> {
  const shown = peer === 'linphone' ? await engine.coloursOf(readFileSync(linphoneFace)) : baresipFace
  let seenHere = 0
  for (let waited = 0; waited < patienceMs && seenHere < enoughAlike; waited += lookMs) {
    seenHere = alikeness(shown, await engine.seen())
    if (seenHere < enoughAlike) await pause(lookMs)
  }
  const there = await engine.coloursOf(await phone.snapshot())
  return { seenHere, seenThere: alikeness(mosaicOf(pageFace), there) }
}

/** linphonec takes part in ZRTP whenever our description asks, whatever it is set to; it offers none with SDES of its own. */
function agreedKeys({ peer, keys, direction }: CallCase): KeyMethod {
  const isAsked = keys === 'none' || (keys === 'sdes' && direction === 'out')
  return peer === 'linphone' && isAsked ? 'zrtp' : keys
}

function pictureFault({ seenHere, seenThere }: Pick<CallResult, 'seenHere' | 'seenThere'>): string | null {
  if (seenHere === null || seenThere === null) return null
  if (seenHere === 0 && seenThere === 0) return 'pictures were not agreed on'
  if (seenHere < enoughAlike) return `our picture of the phone is like its own by ${seenHere.toFixed(2)}`
  return seenThere < enoughAlike ? `its picture of us is like ours by ${seenThere.toFixed(2)}` : null
}

function faultOf(
  call: CallCase,
  result: Omit<CallResult, 'fault'>,
  { view, sas }: { readonly view: CallView | null; readonly sas: string | null },
): string | null {
  const { method, audioCodec, heardHere, heardThere } = result
  const picture = pictureFault(result)
  const wanted = agreedKeys(call)
  const ours = view?.security.sas?.text ?? 'none'
  const isCodec = audioCodec.toLowerCase().startsWith(hasPictures(call) ? 'opus' : call.codec.toLowerCase())
  const faults: readonly (readonly [isFault: boolean, words: string])[] = [
    [view?.phase !== 'active', `ended: ${String(view?.end)}`],
    [method !== wanted, `keys are ${String(method)}`],
    [!isCodec, `codec is ${audioCodec}`],
    [heardHere < enoughWords, `we heard ${heardHere} words of the phone`],
    [heardThere < enoughWords, `the phone heard ${heardThere} words of ours`],
    [picture !== null, String(picture)],
    [!getsPictures(call) && view?.video === true, 'pictures were agreed on, and none can come'],
    [wanted === 'zrtp' && ours !== sas, `letters ${ours} and ${String(sas)}`],
  ]
  return faults.find(([isFault]) => isFault)?.[1] ?? null
}
