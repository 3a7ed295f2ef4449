/** One call of ours with one real phone, judged by what was heard at both ends. */
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Aor } from '#shared/model/ids.ts'
import type { CallId, CallSecurityView, CallView } from '#shared/model/calls.ts'
import { kamailioDomain, type Kamailio } from '../kamailio.ts'
import { startBaresipPhone } from './baresip-phone.ts'
import { startCaller, type Caller } from './caller.ts'
import { startLinphonePhone } from './linphone-phone.ts'
import { pageVoice, type PageEngine } from './page-engine.ts'
import { phoneVoice, type Codec, type KeyMethod, type RealPhone } from './phone.ts'
import { wordsHeard } from './speech.ts'

export interface CallCase {
  readonly peer: 'linphone' | 'baresip'
  readonly keys: KeyMethod
  readonly codec: Codec
  /** `out`: we call. */
  readonly direction: 'out' | 'in'
  readonly video?: boolean
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
  readonly framesDecoded: number
}

/** What it takes to believe that sound came through. */
const enoughWords = 4
const leastTalkMs = 6_000
const patienceMs = 8_000
const lookMs = 500

export const allCases: readonly CallCase[] = [
  ...casesOf('linphone', ['zrtp', 'sdes', 'dtls', 'none']),
  ...casesOf('baresip', ['sdes', 'dtls', 'none']),
  { peer: 'linphone', keys: 'zrtp', codec: 'opus', direction: 'out', video: true },
  { peer: 'linphone', keys: 'zrtp', codec: 'opus', direction: 'in', video: true },
]

function casesOf(peer: CallCase['peer'], keys: readonly KeyMethod[]): CallCase[] {
  return keys.flatMap((key) =>
    (['opus', 'PCMU', 'PCMA'] as const).flatMap((codec) =>
      (['out', 'in'] as const).map((direction) => ({ peer, keys: key, codec, direction, ...memoryOf(key) })),
    ),
  )
}

/** A phone that insists on SDES refuses what we offer to strangers. */
function memoryOf(keys: KeyMethod): Pick<CallCase, 'lastKeys'> {
  return keys === 'sdes' ? { lastKeys: 'sdes' } : {}
}

export function nameOf({ peer, keys, codec, direction, video = false }: CallCase): string {
  return `${peer} ${keys} ${codec} ${direction}${video ? ' video' : ''}`
}

/** Talks once; a fault is told, not thrown. */
export async function runCase(call: CallCase, kamailio: Kamailio, engine: PageEngine): Promise<CallResult> {
  const start = call.peer === 'linphone' ? startLinphonePhone : startBaresipPhone
  const running: (() => Promise<void>)[] = []
  const none = { method: null, audioCodec: '', heardHere: 0, heardThere: 0, framesDecoded: 0 }
  try {
    const phone = await start({ ...call, port: kamailio.ports.sip, domain: kamailioDomain })
    running.unshift(() => phone.stop())
    running.unshift(() => keepFiles(call, phone))
    const caller = await startCaller(kamailio, engine, { policy: 'zrtp-preferred', lastKeys: call.lastKeys ?? null })
    running.unshift(() => caller.stop())
    const id = call.direction === 'out' ? await weCall(caller, phone, call) : await theyCall(caller, phone, call)
    return await listen({ call, id, caller, phone, engine })
  } catch (error) {
    return { ...none, fault: error instanceof Error ? error.message : String(error) }
  } finally {
    for (const stop of running) await stop()
  }
}

async function weCall(caller: Caller, phone: RealPhone, { video = false }: CallCase): Promise<CallId> {
  const id = await caller.call(phone.aor as Aor, video)
  const ends = (async () => {
    while (caller.view(id)?.phase !== 'ended') await pause(50)
    throw new Error(`ended: ${caller.view(id)?.end ?? 'gone'}`)
  })()
  ends.catch(() => undefined)
  await Promise.race([phone.answer(), ends])
  return id
}

async function theyCall(caller: Caller, phone: RealPhone, { video = false }: CallCase): Promise<CallId> {
  phone.call(`sip:alice@${kamailioDomain}`)
  const id = await caller.ringing()
  await caller.calls.accept({ callId: id, video })
  return id
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
  let [heardHere, framesDecoded] = [0, 0]
  const isEnough = (): boolean => heardHere >= enoughWords && (call.video !== true || framesDecoded > 0)
  // The phone needs its time to hear every word, more than once where the computer is busy.
  await pause(leastTalkMs)
  for (let waited = 0; waited < patienceMs && !isEnough(); waited += lookMs) {
    await pause(lookMs)
    heardHere = wordsHeard(phoneVoice, await engine.recording())
    framesDecoded = await engine.framesDecoded()
  }
  const view = caller.view(id)
  const network = await caller.calls.network({ callId: id })
  await caller.calls.end({ callId: id })
  const heardThere = wordsHeard(pageVoice, await phone.recording())
  const found = { method: view?.security.method ?? null, audioCodec: network?.audioCodec ?? '' }
  const result = { ...found, heardHere, heardThere, framesDecoded }
  return { ...result, fault: faultOf(call, result, { view, sas: phone.sas() }) }
}

/** linphonec takes part in ZRTP whenever our description asks, whatever it is set to; it offers none with SDES of its own. */
function agreedKeys({ peer, keys, direction }: CallCase): KeyMethod {
  const isAsked = keys === 'none' || (keys === 'sdes' && direction === 'out')
  return peer === 'linphone' && isAsked ? 'zrtp' : keys
}

function faultOf(
  call: CallCase,
  result: Omit<CallResult, 'fault'>,
  { view, sas }: { readonly view: CallView | null; readonly sas: string | null },
): string | null {
  const { method, audioCodec, heardHere, heardThere, framesDecoded } = result
  const wanted = agreedKeys(call)
  const ours = view?.security.sas?.text ?? 'none'
  const isCodec = audioCodec.toLowerCase().startsWith(call.codec.toLowerCase())
  const faults: readonly (readonly [isFault: boolean, words: string])[] = [
    [view?.phase !== 'active', `ended: ${String(view?.end)}`],
    [method !== wanted, `keys are ${String(method)}`],
    [!isCodec, `codec is ${audioCodec}`],
    [heardHere < enoughWords, `we heard ${heardHere} words of the phone`],
    [heardThere < enoughWords, `the phone heard ${heardThere} words of ours`],
    [call.video === true && framesDecoded === 0, 'no picture'],
    [wanted === 'zrtp' && ours !== sas, `letters ${ours} and ${String(sas)}`],
  ]
  return faults.find(([isFault]) => isFault)?.[1] ?? null
}

/** For looking into a call: set SOTTO_MATRIX_KEEP to a folder. */
async function keepFiles(call: CallCase, phone: RealPhone): Promise<void> {
  const folder = process.env.SOTTO_MATRIX_KEEP
  if (folder === undefined) return
  const own = join(folder, nameOf(call).replaceAll(' ', '-'))
  await cp(phone.folder, own, { recursive: true })
  await writeFile(join(own, 'log'), phone.log())
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
