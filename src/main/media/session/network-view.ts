/** The facts of the live panel that only the gateway knows. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { RtpCodec } from '#protocol/sdp/rtp-media.ts'
import type { Section } from './section.ts'

export function networkView(callId: CallId, at: number, sections: readonly Section[]): CallNetworkView {
  const running = sections.filter(({ isOn }) => isOn)
  const sum = (of: (section: Section) => number): number => running.reduce((total, section) => total + of(section), 0)
  const path = running[0]?.path
  return {
    callId,
    at,
    path: path?.remote == null ? 'none' : 'direct',
    localAddress: addressText(path?.local),
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

function addressText(address: { readonly host: string; readonly port: number } | null | undefined): string {
  if (address === null || address === undefined) return ''
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

function codecText(sections: readonly Section[], kind: 'audio' | 'video'): string {
  const codec: RtpCodec | undefined = sections.find((section) => section.kind === kind)?.codecs.pairs[0]?.network
  return codec === undefined ? '' : `${codec.name}/${codec.clockRate}`
}
