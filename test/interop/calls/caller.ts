/** The program's calls on real sockets: signalling, gateway and the feature itself, with a page as the media engine. */
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { CallId, CallPolicy, CallView } from '#shared/model/calls.ts'
import { Calls } from '#main/calls/calls.ts'
import type { CallPeer, CallsPorts, CallTrustPort } from '#main/calls/ports.ts'
import { createGateway } from '#main/media/gateway.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { kamailioDomain, type Kamailio } from '../kamailio.ts'
import { waitUntil } from '../peers.ts'
import { makeStack, testLog } from '../stack.ts'
import type { PageEngine } from './page-engine.ts'

export interface CallerOptions {
  readonly policy: CallPolicy
  /** Keys that the last call with anybody agreed on. */
  readonly lastKeys: 'zrtp' | 'sdes' | 'dtls' | null
}

export interface Caller {
  readonly calls: Calls
  call(to: Aor, video: boolean): Promise<CallId>
  /** The newest call, once it rings here. */
  ringing(): Promise<CallId>
  view(call: CallId): CallView | null
  /** The newest call, in any state. */
  latest(): CallView | null
  /** Waits until it talks; throws with the reason when it ends instead. */
  talking(call: CallId): Promise<CallView>
  stop(): Promise<void>
}

const accountId = 'account-alice' as AccountId
const aor = `sip:alice@${kamailioDomain}` as Aor

/** Registers alice over TLS. */
export async function startCaller(kamailio: Kamailio, engine: PageEngine, options: CallerOptions): Promise<Caller> {
  const server = `127.0.0.1:${kamailio.ports.sips}`
  const stack = makeStack('alice', { transport: 'tls', server, extraAuthorities: [kamailio.authorityPem] })
  const ports = { datagrams: createDatagrams(), clock: systemClock, random: systemRandom }
  const media = createGateway({ ...ports, keyAgreement: nodeKeyAgreement, resolve: (host) => Promise.resolve(host) })
  const calls = new Calls(callsPorts(options, { media, signalling: stack.port, engine }))
  engine.serve(calls)
  await stack.port.configure(stack.account)
  await stack.registered()
  const view = (call: CallId): CallView | null => calls.list().calls.find(({ id }) => id === call) ?? null
  const latest = (): CallView | null => calls.list().calls[0] ?? null
  return {
    ...{ calls, view, latest },
    call: (to, video) => calls.place({ conversationId: to as string as ConversationId, video }),
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
    stop: async () => {
      await calls.stop()
      await media.stop()
      await stack.port.stop()
    },
  }
}

function callsPorts(
  { policy, lastKeys }: CallerOptions,
  { engine, ...parts }: Pick<CallsPorts, 'media' | 'signalling'> & { readonly engine: PageEngine },
): CallsPorts {
  const account = {
    id: accountId,
    aor,
    transport: 'tls',
    callPolicy: policy,
    hideAddress: 'nobody',
    relay: null,
  } as const
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

/** Knows nobody. */
function freshTrust(lastKeys: CallerOptions['lastKeys']): CallTrustPort {
  const zid = systemRandom.bytes(12)
  return {
    zid: () => Promise.resolve(zid),
    secrets: () => Promise.resolve(null),
    keep: () => Promise.resolve(),
    setVerified: () => Promise.resolve(),
    devices: () => Promise.resolve([]),
    isVerified: () => Promise.resolve(false),
    lastKeys: () => Promise.resolve(lastKeys),
    rememberKeys: () => Promise.resolve(),
  }
}
