/** The calls feature among fakes that write down, in one list, everything that leaves it. */
import type { CallId, CallView, LegId, MediaCommand } from '#shared/model/calls.ts'
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import { err, ok } from '#shared/result.ts'
import type { CallCommand, CallReply, CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { SignallingEvent } from '#main/accounts/signalling-port.ts'
import { Calls } from '#main/calls/calls.ts'
import type { CallAccount, CallPeer, CallRecord, CallTrustPort, TrustedDevice } from '#main/calls/ports.ts'
import type { MediaPort, ZrtpPeerSecrets } from '#main/media/media-port.ts'
import { FakeMedia } from './call-media.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { SeededRandom } from './seeded-random.ts'

export const accountId = 'account' as AccountId
export const conversationId = 'conversation' as ConversationId
export const anna = 'anna@example.org' as Aor
export const me = 'me@example.org' as Aor

export class CallWorld {
  /** Everything that left, in order. */
  readonly log: string[] = []
  readonly clock = new FakeClock()
  readonly media = new FakeMedia(this.log)
  readonly records: CallRecord[] = []
  /** ZIDs whose secrets were kept. */
  readonly kept: Uint8Array[] = []
  readonly complaints: string[] = []
  readonly commands: CallCommand[] = []
  readonly replies = new Map<CallCommand['kind'], CallReply>()
  /** What the answer of a command waits for. */
  readonly waitFor = new Map<CallCommand['kind'], Promise<void>>()
  /** Commands that are answered with a rejection. */
  readonly broken = new Set<CallCommand['kind']>()
  account: CallAccount | null = {
    ...{ id: accountId, aor: me, transport: 'wss', callPolicy: 'zrtp-preferred' },
    ...{ hideAddress: 'nobody', relay: null },
  }
  peer: CallPeer = {
    ...{ accountId, conversationId, aor: anna, name: 'Anna', policy: 'accepted' },
    ...{ callPolicy: null, muted: false },
  }
  verified = false
  devices: readonly TrustedDevice[] = []
  last: 'zrtp' | 'sdes' | 'dtls' | null = null
  secrets: ZrtpPeerSecrets | null = null
  /** Whether the engine makes its offers by itself. */
  engineOffers = true
  rendererOffer = 'renderer offer'
  trustFails = false
  recordsFail = false
  lastLeg = '' as LegId
  /** Everything that the engine was told. */
  readonly engineCommands: MediaCommand[] = []
  views: readonly CallView[] = []
  readonly calls: Calls
  #handler: (event: SignallingEvent) => void = () => undefined
  #sipCalls = 0

  /** `media`: another gateway than the fake one. */
  constructor(media?: MediaPort) {
    const note = (line: string): void => void this.log.push(line)
    this.calls = new Calls({
      media: media ?? this.media,
      signalling: {
        call: (command) => this.#command(command),
        onEvent: (handler) => {
          this.#handler = handler
          return () => note('signalling.unheard')
        },
      },
      accounts: { byId: () => this.account },
      peers: {
        byConversation: (id) => Promise.resolve(id === conversationId ? this.peer : null),
        byAor: (_account, aor) => Promise.resolve({ ...this.peer, aor }),
      },
      trust: this.#trust(note),
      records: {
        add: (record) => {
          if (this.recordsFail) return Promise.reject(new Error('disk'))
          this.records.push(record)
          return Promise.resolve()
        },
      },
      screen: {
        changed: (calls) => {
          this.views = calls
        },
        command: (command) => this.#engine(command),
        showWindow: () => note('window'),
      },
      ring: {
        ring: ({ name, silent }) => note(`ring ${name}${silent ? ' silent' : ''}`),
        stop: () => note('ring.stop'),
        missed: ({ name }) => note(`missed ${name}`),
      },
      clock: this.clock,
      random: new SeededRandom('calls'),
      log: this.#logPort(),
    })
  }

  view(id: CallId): CallView {
    const view = this.calls.list().calls.find((call) => call.id === id)
    if (view === undefined) throw new Error('no such call')
    return view
  }

  async signal(call: CallId, signal: CallSignal): Promise<void> {
    this.#handler({ kind: 'call', accountId, call, signal })
    await settle()
  }

  async place(video = false): Promise<CallId> {
    const id = await this.calls.place({ conversationId, video })
    await settle()
    return id
  }

  /** An outgoing call that was answered. */
  async talking(video = false): Promise<CallId> {
    this.media.answered = { ...this.media.answered, video }
    const id = await this.place(video)
    await this.signal(id, { kind: 'answered', branch: 'b1', sdp: 'answer' })
    await this.signal(id, { kind: 'established' })
    return id
  }

  /** An incoming call that rings. */
  async ringing(name = 'in', sdp: string | null = 'offer', replaces: CallId | null = null): Promise<CallId> {
    const id = name as CallId
    await this.signal(id, { kind: 'offered', from: anna, fromName: 'Anna', sipCallId: `sip ${name}`, sdp, replaces })
    return id
  }

  /** Lines of the log since the last time. */
  taken(): string[] {
    return this.log.splice(0)
  }

  async #command(command: CallCommand): Promise<CallReply> {
    this.commands.push(command)
    const detail = 'status' in command ? ` ${command.status}` : 'sdp' in command ? ` ${command.sdp}` : ''
    this.log.push(`sip.${command.kind}${detail}`)
    await this.waitFor.get(command.kind)
    if (this.broken.has(command.kind)) throw new Error(command.kind)
    const reply = this.replies.get(command.kind)
    if (reply !== undefined) return reply
    if (command.kind === 'place') return ok(`sip out ${(this.#sipCalls += 1)}`)
    return command.kind === 'offer' ? ok('new answer') : ok(null)
  }

  #engine(command: MediaCommand): void {
    const { kind } = command
    const detail = kind === 'capture' ? ` ${command.microphone ? 'mic' : ''}${command.camera ? '+cam' : ''}` : ''
    this.log.push(`engine.${kind}${detail}`)
    this.lastLeg = command.legId
    this.engineCommands.push(command)
    if (!this.engineOffers || (kind !== 'open' && kind !== 'renegotiate')) return
    queueMicrotask(() => this.calls.mediaOffer({ legId: command.legId, sdp: this.rendererOffer }))
  }

  #trust(note: (line: string) => void): CallTrustPort {
    const told = <T>(line: string | null, value: T): Promise<T> => {
      if (this.trustFails) return Promise.reject(new Error('trust'))
      if (line !== null) note(line)
      return Promise.resolve(value)
    }
    return {
      zid: () => Promise.resolve(new Uint8Array(12).fill(1)),
      secrets: () => told('trust.secrets', this.secrets),
      // Slow: what must come after it has to wait for it.
      keep: async (_account, _peer, { peerZid }) => {
        await settle()
        this.kept.push(peerZid)
        await told('trust.keep', undefined)
      },
      setVerified: (_account, _peer, { verified, name }) => told(`trust.verified ${verified} ${name}`, undefined),
      devices: () => told(null, this.devices),
      isVerified: () => Promise.resolve(this.verified),
      comparedElsewhere: () => Promise.resolve([]),
      lastKeys: () => Promise.resolve(this.last),
      rememberKeys: (_account, _peer, method) => told(`trust.remember ${method}`, undefined),
    }
  }

  #logPort(): ConstructorParameters<typeof Calls>[0]['log'] {
    const complain = (event: string): void => void this.complaints.push(event)
    const port = { debug: complain, info: complain, warn: complain, error: complain, child: () => port }
    return port
  }
}

export const refusedWith = (status: number | null): CallReply => err({ status })
