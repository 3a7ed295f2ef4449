/** The facts of the live panel that only the gateway knows. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { RtpCodec } from '#protocol/sdp/rtp-media.ts'
import type { IcePath } from '#protocol/ice/ice-types.ts'
import type { CallIce } from './call-ice.ts'
import type { Section } from './section.ts'

export function networkView(
  callId: CallId,
  at: number,
  sections: readonly Section[],
  ice: CallIce | null,
): CallNetworkView {
  const running = sections.filter(({ isOn }) => isOn)
  const sum = (of: (section: Section) => number): number => running.reduce((total, section) => total + of(section), 0)
  const path = running[0]?.path
  const place = running[0]?.place ?? 0
  const found = ice?.agent.pathOf(place, 1) ?? null
  const local = ice?.describe(place, 1)?.rtp
  return {
    callId,
    at,
    path: path?.remote == null ? 'none' : pathKind(found),
    localAddress: addressText(local),
    remoteAddress: addressText(path?.remote),
    protocol: path === undefined ? 'none' : 'udp',
    packetsSent: sum(({ stream }) => stream.counters.packetsSent),
    packetsReceived: sum(({ stream }) => stream.counters.packetsReceived),
    bytesSent: sum(({ stream }) => stream.counters.bytesSent),
    bytesReceived: sum(({ stream }) => stream.counters.bytesReceived),
    packetsRefused: sum(({ stream }) => stream.counters.packetsRefused),
    ...{ lossReceivedPercent: null, lossSentPercent: null, jitterMs: null, roundTripMs: null },
    audioCodec: codecText(running, 'audio'),
    videoCodec: codecText(running, 'video'),
  }
}

/** A relay on either side makes it a relayed path. */
function pathKind(path: IcePath | null): CallNetworkView['path'] {
  const types = [path?.localType, path?.remoteType]
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
