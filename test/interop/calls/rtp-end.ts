/** An end of plain RTP, for sipp to name: G.711 µ-law on a socket of 127.0.0.1, with a voice and ears. */
import { createSocket } from 'node:dgram'
import { buildRtpPacket, payloadOf, payloadTypeOf } from '#protocol/rtp/packet.ts'
import { speechOf, type Sound } from './speech.ts'

export interface RtpEnd {
  readonly port: number
  readonly voice: string
  /** What it heard so far. */
  readonly recording: () => Sound
  stop(): void
}

const pcmu = 0
/** 20 ms at 8 kHz. */
const frameSamples = 160
const frameMs = 20

/** Speaks to whoever sent it something first. */
export async function startRtpEnd(voice: string): Promise<RtpEnd> {
  const socket = createSocket('udp4')
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound))
  const heard: number[] = []
  const listeners: { readonly port: number; readonly address: string }[] = []
  socket.on('message', (bytes, from) => {
    if (listeners.length === 0) listeners.push(from)
    const isSound = (bytes[0] ?? 0) >> 6 === 2 && payloadTypeOf(bytes) === pcmu
    for (const byte of (isSound ? payloadOf(bytes) : null) ?? []) heard.push(expand(byte))
  })
  const frames = framesOf(speechOf(voice))
  const start = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    for (; sent * frameMs <= performance.now() - start; sent += 1) {
      const payload = frames[sent % frames.length] ?? new Uint8Array(0)
      const fields = { payloadType: pcmu, sequenceNumber: sent & 0xffff, timestamp: sent * frameSamples, ssrc: 7 }
      const packet = buildRtpPacket({ ...fields, marker: false }, payload)
      for (const { port, address } of listeners) socket.send(packet, port, address)
    }
  }, frameMs)
  return {
    port: socket.address().port,
    voice,
    recording: () => Float64Array.from(heard),
    stop: () => {
      clearInterval(timer)
      socket.close()
    },
  }
}

function framesOf(speech: Sound): readonly Uint8Array[] {
  return Array.from({ length: Math.floor(speech.length / frameSamples) }, (_, n) =>
    Uint8Array.from(speech.subarray(n * frameSamples, (n + 1) * frameSamples), compress),
  )
}

const bias = 0x84
const clip = 32_635

/** ITU-T G.711, a sample from −1 to 1. */
function compress(sample: number): number {
  const magnitude = Math.min(clip, Math.abs(Math.round(sample * 32_767))) + bias
  const exponent = Math.max(0, 24 - Math.clz32(magnitude))
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff
}

function expand(byte: number): number {
  const code = ~byte & 0xff
  const magnitude = ((((code & 0x0f) << 3) + bias) << ((code >> 4) & 0x07)) - bias
  return ((code & 0x80) === 0 ? magnitude : -magnitude) / 32_768
}
