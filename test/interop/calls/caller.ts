/** The program's calls on real sockets: signalling, gateway and the feature itself, with a page as the media engine. */
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { CallId, CallPolicy, CallView } from '#shared/model/calls.ts'
import type { SignallingAccount } from '#main/accounts/signalling-port.ts'
import { Calls } from '#main/calls/calls.ts'
import type { CallPeer, CallsPorts, CallTrustPort } from '#main/calls/ports.ts'
import { createGateway } from '#main/media/gateway.ts'
import type { RelayServer, ZrtpPeerSecrets } from '#main/media/media-port.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { kamailioDomain, type Kamailio } from '../kamailio.ts'
import { pause, waitUntil } from '../peers.ts'
import { makeStack, testLog } from '../stack.ts'
import type { PageEngine } from './page-engine.ts'
import type { RealPhone } from './phone.ts'

export interface CallerOptions {
  /** `zrtp-preferred` by default. */
  readonly policy?: CallPolicy
  /** Keys that the last call with anybody agreed on; none before by default. */
  readonly lastKeys?: 'zrtp' | 'sdes' | 'dtls' | null
  /** Every call runs through it. */
  readonly relay?: RelayServer
}

/** How the account reaches its server. */
export type Access = Pick<SignallingAccount, 'transport' | 'server' | 'extraAuthorities' | 'msrpRelay'> &
  Partial<Pick<SignallingAccount, 'spkiPins'>>

/** Over TLS by default. */
export function accessTo(kamailio: Kamailio, transport: SignallingAccount['transport'] = 'tls'): Access {
  const { sip, sips, ws, wss } = kamailio.ports
  const extraAuthorities = [kamailio.authorityPem]
  if (transport === 'ws') return { transport, server: `ws://127.0.0.1:${ws}/`, extraAuthorities }
  if (transport === 'wss') return { transport, server: `wss://127.0.0.1:${wss}/`, extraAuthorities }
  return { transport, server: `127.0.0.1:${transport === 'tls' ? sips : sip}`, extraAuthorities }
}

export interface Caller {
  readonly calls: Calls
  call(to: string, video?: boolean): Promise<CallId>
  /** The newest call, once it rings here. */
  ringing(): Promise<CallId>
  view(call: CallId): CallView | null
  /** The newest call, in any state. */
  latest(): CallView | null
  /** Waits until it talks; throws with the reason when it ends instead. */
  talking(call: CallId): Promise<CallView>
  /** Waits until it is over. */
  over(call: CallId): Promise<CallView['end']>
  /** Call-ID of the call that was placed last. */
  sipCallId(): string
  /** Keys of the other side that were heard so far. */
  pressed(): string
  stop(): Promise<void>
}

const accountId = 'account-alice' as AccountId
const aor = `sip:alice@${kamailioDomain}` as Aor

/** Registers alice. */
export async function startCaller(access: Access, engine: PageEngine, options: CallerOptions = {}): Promise<Caller> {
  const stack = makeStack('alice', access)
  const ports = { datagrams: createDatagrams(), clock: systemClock, random: systemRandom }
  const media = createGateway({ ...ports, keyAgreement: nodeKeyAgreement, resolve: (host) => Promise.resolve(host) })
  let sipCallId = ''
  const signalling: CallsPorts['signalling'] = {
    onEvent: (handler) => stack.port.onEvent(handler),
    call: async (command) => {
      const reply = await stack.port.call(command)
      if (command.kind === 'place' && reply.ok) sipCallId = reply.value ?? ''
      return reply
    },
  }
  const parts = { media, signalling, engine }
  const calls = new Calls(callsPorts({ ...options, transport: access.transport }, parts))
  engine.serve(calls)
  let digits = ''
  media.onEvent((event) => {
    if (event.kind === 'digit') digits += event.digit
  })
  await stack.port.configure(stack.account)
  await stack.registered()
  const view = (call: CallId): CallView | null => calls.list().calls.find(({ id }) => id === call) ?? null
  const latest = (): CallView | null => calls.list().calls[0] ?? null
  return {
    ...{ calls, view, latest },
    call: (to, video = false) => calls.place({ conversationId: to as ConversationId, video }),
    ringing: async () => {
      await waitUntil(() => latest()?.phase === 'incoming', 'it rings here')
      return latest()!.id
    },
    talking: async (call) => {
      const secured = (seen: CallView | null): boolean =>
        seen?.phase === 'ended' || (seen?.phase === 'active' && seen.security.method !== 'pending')
      await waitUntil(() => secured(view(call)), `the call talks; it is ${JSON.stringify(view(call))}`)
      const seen = view(call)
      if (seen?.phase !== 'active') throw new Error(`ended: ${seen?.end ?? 'gone'}`)
      return seen
    },
    over: async (call) => {
      const isOver = (): boolean => view(call)?.phase === 'ended'
      await waitUntil(isOver, `the call ends; it is ${JSON.stringify(view(call))}`)
      return view(call)?.end ?? null
    },
    sipCallId: () => sipCallId,
    pressed: () => digits,
    stop: async () => {
      await calls.stop()
      await media.stop()
      await stack.port.stop()
    },
  }
}

/** Brings a call with a phone up to where both sides took it. */
export async function connect(
  caller: Caller,
  phone: RealPhone,
  { direction, video = false }: { readonly direction: 'out' | 'in'; readonly video?: boolean },
): Promise<CallId> {
  if (direction === 'in') {
    phone.call(aor)
    const id = await caller.ringing()
    await caller.calls.accept({ callId: id, video })
    return id
  }
  const id = await caller.call(phone.aor, video)
  const ends = (async () => {
    while (caller.view(id)?.phase !== 'ended') await pause(50)
    throw new Error(`ended: ${caller.view(id)?.end ?? 'gone'}`)
  })()
  ends.catch(() => undefined)
  await Promise.race([phone.answer(), ends])
  return id
}

function callsPorts(
  options: CallerOptions & Pick<Access, 'transport'>,
  { engine, ...parts }: Pick<CallsPorts, 'media' | 'signalling'> & { readonly engine: PageEngine },
): CallsPorts {
  const { policy = 'zrtp-preferred', lastKeys = null, relay = null, transport } = options
  const hideAddress = relay === null ? 'nobody' : 'everyone'
  const account = { ...{ id: accountId, aor, transport, callPolicy: policy, relay }, hideAddress } as const
  const peer = (other: Aor): Promise<CallPeer> => {
    const known = { policy: 'accepted', callPolicy: null, muted: false } as const
    return Promise.resolve({
      ...{ accountId, conversationId: other as string as ConversationId, aor: other, name: other },
      ...known,
    })
  }
  return {
    ...parts,
    ...{ clock: systemClock, random: systemRandom, log: testLog },
    accounts: { byId: () => account },
    peers: { byConversation: (id) => peer(id as string as Aor), byAor: (_account, other) => peer(other) },
    trust: freshTrust(lastKeys),
    records: { add: () => Promise.resolve() },
    screen: {
      changed: () => undefined,
      command: (command) => engine.command(command),
      showWindow: () => undefined,
    },
    ring: { ring: () => undefined, stop: () => undefined, missed: () => undefined },
  }
}

/** Knows nobody at first, and remembers one contact. */
function freshTrust(lastKeys: 'zrtp' | 'sdes' | 'dtls' | null): CallTrustPort {
  const zid = systemRandom.bytes(12)
  const devices = new Map<string, ZrtpPeerSecrets>()
  const keyOf = (peerZid: Uint8Array): string => Buffer.from(peerZid).toString('hex')
  return {
    zid: () => Promise.resolve(zid),
    // Copies both ways: a call wipes what it gave and what it got.
    secrets: (_account, _peer, peerZid) => Promise.resolve(structuredClone(devices.get(keyOf(peerZid)) ?? null)),
    keep: (_account, _peer, { peerZid, ...kept }) => {
      const { name = '' } = devices.get(keyOf(peerZid)) ?? {}
      devices.set(keyOf(peerZid), structuredClone({ ...kept, name }))
      return Promise.resolve()
    },
    setVerified: (_account, _peer, { peerZid, verified, name }) => {
      const known = devices.get(keyOf(peerZid)) ?? { rs1: null, rs2: null }
      devices.set(keyOf(peerZid), { ...known, verified, name })
      return Promise.resolve()
    },
    devices: () => Promise.resolve([]),
    isVerified: () => Promise.resolve([...devices.values()].some(({ verified }) => verified)),
    comparedElsewhere: () => Promise.resolve([]),
    lastKeys: () => Promise.resolve(lastKeys),
    rememberKeys: () => Promise.resolve(),
  }
}
