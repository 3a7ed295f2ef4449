/** The calls of the fake bridge: they ring, are answered, compared and end as a real main would say; nothing is captured. */
import type { BridgeEvents } from '#shared/bridge/events.ts'
import type { BridgeArgs, BridgeResult } from '#shared/bridge/table.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type {
  CallDeviceView,
  CallId,
  CallNetworkView,
  CallSecurityView,
  CallView,
  ComparedElsewhereView,
  LegId,
} from '#shared/model/calls.ts'
import type { Aor, ConversationId, DeviceId } from '#shared/model/ids.ts'
import type { ConversationView } from '#shared/model/views.ts'
import { accountId, conversationId } from './bridge-fixtures.ts'
import { MediaPeer } from './media-peer.ts'

/** A call of a scenario: whatever is not said is an active, uncompared call with Bob. */
export type ScriptedCall = Partial<Omit<CallView, 'security'>> & { readonly security?: Partial<CallSecurityView> }

const uncompared: CallSecurityView = {
  readers: 'us-unless-middle',
  method: 'zrtp',
  sas: { kind: 'letters', text: 'k4yx' },
  comparison: 'compare',
  warnings: [],
  cipher: 'AES_CM_128_HMAC_SHA1_80',
  keyAgreement: 'X25519',
  hash: 'S256',
  peerDeviceName: '',
  peerClient: 'Linphone 5.1.65 (ZRTP 1.10)',
}

/** Before keys are agreed. */
export const securing: CallSecurityView = {
  ...uncompared,
  ...{ readers: 'securing', method: 'pending', sas: null, comparison: 'none' },
  ...{ cipher: '', keyAgreement: '', hash: '', peerClient: '' },
}

let serial = 0
const newId = (letter: string): string => `${letter}${(serial += 1)}`.padEnd(22, letter)

/** A call as main would describe it. */
export function callView(over: ScriptedCall, now: number): CallView {
  const phase = over.phase ?? 'active'
  const ends = over.end ?? 'peer-hung-up'
  const talked = phase === 'active' || (phase === 'ended' && (ends === 'peer-hung-up' || ends === 'hung-up'))
  return {
    id: newId('C') as CallId,
    accountId,
    conversationId: conversationId('bob'),
    peer: 'sip:bob@home.example' as Aor,
    peerName: 'Bob Baker',
    direction: phase === 'incoming' ? 'incoming' : 'outgoing',
    phase,
    startedAt: now - 200_000,
    connectedAt: talked ? now - 187_000 : null,
    endedAt: phase === 'ended' ? now : null,
    end: phase === 'ended' ? 'peer-hung-up' : null,
    ...{ video: false, camera: false, muted: false, held: 'no', earlyMedia: false, addressHidden: false },
    ...{ transfer: null, referral: null, replaces: null, mayRetryWithDtls: false },
    ...over,
    security: { ...(talked ? uncompared : securing), ...over.security },
  }
}

/** What the fake calls need of the fake bridge. */
export interface FakeCallsHost {
  readonly emit: <E extends 'calls.changed' | 'media.command'>(event: E, payload: BridgeEvents[E]) => void
  readonly conversation: (id: ConversationId) => ConversationView
}

const failed = (code: ErrorCode): { ok: false; code: ErrorCode; params: Record<string, string> } => ({
  ...{ ok: false, code, params: {} },
})
const done = null as never
const stepMs = 60

/** The calls and what the page asks of them. */
export class FakeCalls {
  /** The next call would show the address: main asks back. */
  addressWouldShow = false
  /** Calls have sound and pictures, from a peer in the same page. */
  media = false
  readonly #host: FakeCallsHost
  readonly #peers = new Map<LegId, MediaPeer>()
  comparedElsewhere: readonly ComparedElsewhereView[] = [
    {
      ...{ zid: 'd'.repeat(24), name: 'Bob’s tablet', device: 'DDDDDDDDDDDDDDDDDDDDDA' as DeviceId },
      ...{ deviceName: 'Desk', at: 1_760_000_000_000 },
    },
  ]
  devices: readonly CallDeviceView[] = [
    { zid: '0123456789abcdef01234567', name: 'Laptop', compared: true, lastCallAt: Date.UTC(2026, 8, 1, 9, 30) },
    { zid: '76543210fedcba9876543210', name: '', compared: false, lastCallAt: Date.UTC(2026, 7, 12, 18, 5) },
  ]
  /** Whether people talk. */
  get isBusy(): boolean {
    return this.#calls.some(({ phase }) => phase !== 'ended' && phase !== 'incoming')
  }

  #calls: CallView[]
  #revision = 1
  #networkAt = 0

  constructor(host: FakeCallsHost, scripted: readonly ScriptedCall[]) {
    this.#host = host
    this.#calls = scripted.map((over) => callView(over, Date.now()))
  }

  get calls(): readonly CallView[] {
    return this.#calls
  }

  /** Somebody calls. */
  ring(over: ScriptedCall = {}): CallId {
    const ringing = callView({ phase: 'incoming', ...over }, Date.now())
    this.#set([ringing, ...this.#calls])
    return ringing.id
  }

  /** Changes a call, as main's state would. */
  change(id: CallId, over: ScriptedCall): void {
    this.#set(
      this.#calls.map((call) =>
        call.id === id ? { ...call, ...over, security: { ...call.security, ...over.security } } : call,
      ),
    )
  }

  /** A revision passes that the page never hears of. */
  loseEvent(): void {
    this.#revision += 1
  }

  #set(calls: CallView[]): void {
    this.#calls = calls
    this.#revision += 1
    this.#host.emit('calls.changed', { revision: this.#revision, calls })
  }

  #call(id: string): CallView | undefined {
    return this.#calls.find((call) => call.id === id)
  }

  #later(id: CallId, ...changes: readonly ScriptedCall[]): void {
    changes.forEach((over, at) => {
      setTimeout(
        () => {
          if (this.#call(id)?.phase !== 'ended') this.change(id, over)
        },
        stepMs * (at + 1),
      )
    })
  }

  #connect(id: CallId): readonly ScriptedCall[] {
    const video = this.#call(id)?.video ?? false
    if (this.media) this.#openLeg(id, video)
    return [{ phase: 'active', connectedAt: Date.now(), security: securing }, { security: uncompared }]
  }

  #openLeg(callId: CallId, video: boolean): void {
    const legId = newId('L') as LegId
    const peer = new MediaPeer((sdp) => this.#host.emit('media.command', { kind: 'answer', legId, sdp }))
    this.#peers.set(legId, peer)
    this.#host.emit('media.command', { kind: 'open', legId, callId, video })
    this.#host.emit('media.command', { kind: 'capture', legId, microphone: true, camera: video })
    this.#host.emit('media.command', { kind: 'play', legId })
  }

  #end(id: CallId, over: ScriptedCall): void {
    for (const [legId, peer] of this.#peers) {
      peer.close()
      this.#host.emit('media.command', { kind: 'close', legId })
    }
    this.#peers.clear()
    this.change(id, { phase: 'ended', endedAt: Date.now(), ...over })
  }

  #network(id: string): CallNetworkView | null {
    const call = this.#call(id)
    if (call?.phase !== 'active') return null
    this.#networkAt += 1000
    const second = this.#networkAt / 1000
    return {
      ...{ callId: call.id, at: this.#networkAt, path: 'direct', protocol: 'udp' },
      ...{ localAddress: '192.168.1.20:40312', remoteAddress: '203.0.113.7:52044' },
      ...{ packetsSent: second * 50, packetsReceived: second * 50 - 3, packetsRefused: 2 },
      ...{ bytesSent: second * 6000 + (second % 5) * 300, bytesReceived: second * 5400 + (second % 7) * 250 },
      lossReceivedPercent: second % 9 === 0 ? 2.5 : 0,
      lossSentPercent: second < 3 ? null : 0.5,
      jitterMs: 6 + (second % 4),
      roundTripMs: second < 3 ? null : 42 + (second % 6) * 3,
      ...{ audioCodec: 'opus/48000', videoCodec: call.video ? 'VP8/90000' : '' },
    }
  }

  #place({ conversationId: id, video, showAddress }: BridgeArgs<'calls.place'>): BridgeResult<'calls.place'> {
    if (this.addressWouldShow && showAddress !== true) return failed('address-would-show') as never
    const { peer, name } = this.#host.conversation(id as ConversationId)
    const made = callView(
      { conversationId: id as ConversationId, peer, peerName: name, phase: 'calling', video },
      Date.now(),
    )
    this.#set([{ ...made, startedAt: Date.now(), camera: video }, ...this.#calls])
    this.#later(made.id, { phase: 'ringing' })
    return made.id
  }

  /** The other side answers what rings there. */
  answer(id: CallId): void {
    this.#later(id, ...this.#connect(id))
  }

  readonly rows = {
    'calls.list': () => ({ calls: this.#calls, revision: this.#revision }),
    'calls.place': (args: BridgeArgs<'calls.place'>) => this.#place(args),
    'calls.accept': ({ callId, video, showAddress }: BridgeArgs<'calls.accept'>) => {
      if (this.addressWouldShow && showAddress !== true) return failed('address-would-show') as never
      this.change(callId as CallId, { phase: 'connecting', video, camera: video })
      this.#later(callId as CallId, ...this.#connect(callId as CallId))
      return done
    },
    'calls.decline': ({ callId }: BridgeArgs<'calls.decline'>) => {
      this.#end(callId as CallId, { end: 'declined' })
      return done
    },
    'calls.end': ({ callId }: BridgeArgs<'calls.end'>) => {
      this.#end(callId as CallId, { end: this.#call(callId)?.connectedAt === null ? 'cancelled' : 'hung-up' })
      return done
    },
    'calls.setHeld': ({ callId, held }: BridgeArgs<'calls.setHeld'>) => {
      this.change(callId as CallId, { held: held ? 'by-us' : 'no' })
      return done
    },
    'calls.setMuted': ({ callId, muted }: BridgeArgs<'calls.setMuted'>) => {
      this.change(callId as CallId, { muted })
      return done
    },
    'calls.setCamera': ({ callId, on }: BridgeArgs<'calls.setCamera'>) => {
      this.change(callId as CallId, { camera: on, video: true })
      return done
    },
    'calls.sendDigit': () => done,
    'calls.transfer': ({ callId, to }: BridgeArgs<'calls.transfer'>) => {
      this.change(callId as CallId, { transfer: { to: `sip:${to.replace(/^sip:/, '')}` as Aor, state: 'asked' } })
      return done
    },
    'calls.connect': ({ callId, withCall }: BridgeArgs<'calls.connect'>) => {
      const to = this.#call(withCall)?.peer
      if (to !== undefined) this.change(callId as CallId, { transfer: { to, state: 'asked' } })
      return done
    },
    'calls.declineReferral': ({ callId }: BridgeArgs<'calls.declineReferral'>) => {
      this.change(callId as CallId, { referral: null })
      return done
    },
    'calls.compared': ({ callId, equal, deviceName }: BridgeArgs<'calls.compared'>) => {
      this.change(
        callId as CallId,
        equal
          ? { security: { readers: 'only-us', comparison: 'verified', warnings: [], peerDeviceName: deviceName } }
          : { security: { readers: 'us-unless-middle', comparison: 'compare', warnings: ['letters-differ'] } },
      )
      return done
    },
    'calls.devices': () => this.devices,
    'calls.comparedElsewhere': () => this.comparedElsewhere,
    'calls.renameDevice': ({ zid, name }: BridgeArgs<'calls.renameDevice'>) => {
      this.devices = this.devices.map((device) => (device.zid === zid ? { ...device, name } : device))
      return done
    },
    'calls.forgetComparison': ({ zid }: BridgeArgs<'calls.forgetComparison'>) => {
      this.devices = this.devices.map((device) => (device.zid === zid ? { ...device, compared: false } : device))
      return done
    },
    'calls.dismiss': ({ callId }: BridgeArgs<'calls.dismiss'>) => {
      this.#set(this.#calls.filter((call) => call.id !== callId))
      return done
    },
    'calls.network': ({ callId }: BridgeArgs<'calls.network'>) => this.#network(callId),
    'media.offer': ({ legId, sdp }: BridgeArgs<'media.offer'>) => {
      void this.#peers.get(legId as LegId)?.offered(sdp)
      return done
    },
    'media.failed': () => done,
    'media.connected': () => done,
    'media.ready': () => done,
  }
}
