/** The facts of the live panel that only the gateway knows. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { RtpCodec } from '#protocol/sdp/rtp-media.ts'
import type { StreamCounters } from '../network/network-stream.ts'
import type { CallIce } from './call-ice.ts'
import type { Section } from './section.ts'

export function networkView(
  callId: CallId,
  at: number,
  sections: readonly Section[],
  ice: CallIce | null,
): CallNetworkView {
  const running = sections.filter(({ isOn }) => isOn)
  const [first] = running
  return {
    callId,
    at,
    ...(first === undefined ? nowhere : whereOf(first, ice)),
    ...countersOf(running),
    ...(first?.stream.quality.now() ?? unknownQuality),
    audioCodec: codecText(running, 'audio'),
    videoCodec: codecText(running, 'video'),
  }
}

type Where = Pick<CallNetworkView, 'path' | 'localAddress' | 'remoteAddress' | 'protocol'>

const nowhere: Where = { path: 'none', localAddress: '', remoteAddress: '', protocol: 'none' }

function whereOf({ path, place }: Section, ice: CallIce | null): Where {
  return {
    path: path.remote === null ? 'none' : pathKind(place, ice),
    localAddress: addressText(ice?.describe(place, 1)?.rtp),
    remoteAddress: addressText(path.remote),
    protocol: 'udp',
  }
}

function countersOf(sections: readonly Section[]): StreamCounters {
  const all = sections.map(({ stream }) => stream.counters)
  const sum = (of: (counters: StreamCounters) => number): number => all.reduce((total, one) => total + of(one), 0)
  return {
    packetsSent: sum((one) => one.packetsSent),
    packetsReceived: sum((one) => one.packetsReceived),
    bytesSent: sum((one) => one.bytesSent),
    bytesReceived: sum((one) => one.bytesReceived),
    packetsRefused: sum((one) => one.packetsRefused),
  }
}

const unknownQuality = { lossReceivedPercent: null, lossSentPercent: null, jitterMs: null, roundTripMs: null }

/** A relay on either side makes it a relayed path. */
function pathKind(place: number, ice: CallIce | null): CallNetworkView['path'] {
  const path = ice?.agent.pathOf(place, 1) ?? null
  if (path === null) return ice?.agent.isPlainRelayed(place, 1) === true ? 'relayed' : 'direct'
  const types = [path.localType, path.remoteType]
  if (types.includes('relay')) return 'relayed'
  return types.includes('srflx') || types.includes('prflx') ? 'reflexive' : 'direct'
}

function addressText(address: { readonly host: string; readonly port: number } | null | undefined): string {
  if (address === null || address === undefined) return ''
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

function codecText(sections: readonly Section[], kind: 'audio' | 'video'): string {
  const codec: RtpCodec | undefined = sections.find((section) => section.kind === kind)?.codecs.pairs[0]?.network
  return codec === undefined ? '' : `${codec.name}/${codec.clockRate}`
}
