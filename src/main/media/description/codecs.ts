/** Which codecs a call uses: those of Chromium's engine that phones know, in our order of liking. */
import { isSameCodec, type RtpCodec, type RtpMedia } from '#protocol/sdp/rtp-media.ts'

/** One codec as each side numbers it. */
export interface CodecPair {
  readonly network: RtpCodec
  /** The renderer's own payload type and parameters. */
  readonly renderer: RtpCodec
  /** `a=fmtp` of the other side: what it can take; ours stand in `network`. */
  readonly theirs: string | null
}

/** What was agreed for one section. `events` is the network's telephone-event format (RFC 4733), written and read by us. */
export interface CodecChoice {
  readonly pairs: readonly CodecPair[]
  readonly events: RtpCodec | null
}

const liked: Readonly<Record<'audio' | 'video', readonly string[]>> = {
  audio: ['opus/48000', 'g722/8000', 'pcma/8000', 'pcmu/8000'],
  video: ['vp8/90000', 'h264/90000', 'vp9/90000', 'av1/90000'],
}

/** Feedback that both ends of the loopback leg understand; the rest of Chromium's is for transports of its own kind. */
const offeredFeedback = ['nack', 'nack pli', 'ccm fir']
/** Dynamic payload types that Chromium does not use for the codecs above. */
const eventTypes = { 8000: 101, 48000: 110 } as const
const eventParameters = '0-15'

function rank(kind: 'audio' | 'video', codec: RtpCodec): number {
  return liked[kind].indexOf(`${codec.name.toLowerCase()}/${codec.clockRate}`)
}

/** The renderer's codecs that may go on the wire, liked ones first; one form of each, except for the profiles of H.264. */
export function usableCodecs(kind: 'audio' | 'video', codecs: readonly RtpCodec[]): RtpCodec[] {
  const known = codecs.filter((codec) => rank(kind, codec) >= 0 && isPlainForm(codec))
  const sorted = known.toSorted((a, b) => rank(kind, a) - rank(kind, b))
  const firstOfItsKind = (codec: RtpCodec, at: number): boolean =>
    sorted.findIndex((other) => isSameCodec(other, codec) && h264Profile(other) === h264Profile(codec)) === at
  return sorted.filter(firstOfItsKind)
}

/** Phones have constrained baseline with fragmented packets at most, and VP9 and AV1 in their first profile. */
function isPlainForm({ name, parameters }: RtpCodec): boolean {
  const lower = name.toLowerCase()
  if (lower === 'h264') return (parameters ?? '').includes('packetization-mode=1') && h264ProfileOf(parameters) === '42'
  if (lower === 'vp9') return !/profile-id=[1-9]/.test(parameters ?? '')
  if (lower === 'av1') return !/profile=[1-9]/.test(parameters ?? '')
  return true
}

function h264Profile({ name, parameters }: RtpCodec): string {
  return name.toLowerCase() === 'h264' ? h264ProfileOf(parameters) : ''
}

/** First byte of `profile-level-id` (RFC 6184 §8.1); baseline where none is said. */
function h264ProfileOf(parameters: string | null): string {
  return /profile-level-id=([0-9a-f]{2})/i.exec(parameters ?? '')?.[1]?.toLowerCase() ?? '42'
}

/** The formats of a section that we offer. `withFeedback`: pictures need it, and people without AVPF skip the lines. */
export function offerCodecs(kind: 'audio' | 'video', renderer: readonly RtpCodec[], overDtls = false): CodecChoice {
  const codecs = usableCodecs(kind, renderer)
  const offered = overDtls ? [...codecs, ...digitCodecs(renderer)] : codecs
  const pairs = offered.map((codec) => ({
    network: withFeedback(kind, codec, codec.feedback),
    renderer: codec,
    theirs: null,
  }))
  return { pairs, events: kind === 'audio' && !overDtls ? eventsOffer(codecs) : null }
}

/** Under DTLS-SRTP no packet is ours to write: the engine sends the digits, under its own format. */
function digitCodecs(renderer: readonly RtpCodec[]): RtpCodec[] {
  return renderer.filter(isDigits)
}

function isDigits({ name }: RtpCodec): boolean {
  return name.toLowerCase() === 'telephone-event'
}

/** Digits alone are no sound. */
function withSound(pairs: readonly CodecPair[]): readonly CodecPair[] {
  return pairs.every(({ network }) => isDigits(network)) ? [] : pairs
}

function withFeedback(kind: 'audio' | 'video', codec: RtpCodec, theirs: readonly string[]): RtpCodec {
  const feedback = kind === 'video' ? offeredFeedback.filter((value) => theirs.includes(value)) : []
  return { ...codec, feedback }
}

/** One clock rate is enough: every event is written by us, on the clock of the codec in use where both are the same. */
function eventsOffer(codecs: readonly RtpCodec[]): RtpCodec | null {
  const free = eventTypes[8000]
  if (codecs.some(({ payloadType }) => payloadType === free)) return null
  return { payloadType: free, ...eventFormat(8000), parameters: eventParameters, feedback: [] }
}

function eventFormat(clockRate: number): Pick<RtpCodec, 'name' | 'clockRate' | 'channels'> {
  return { name: 'telephone-event', clockRate, channels: 1 }
}

/** What an offered section and the renderer have in common, in the offerer's order (RFC 3264 §6.1). */
export function answerCodecs(remote: RtpMedia, renderer: readonly RtpCodec[]): CodecChoice {
  const ours = [...usableCodecs(remote.kind, renderer), ...(remote.overDtls ? digitCodecs(renderer) : [])]
  const found = remote.codecs.flatMap((network): CodecPair[] => {
    const codec = ours.find((candidate) => isSameCodec(candidate, network) && agrees(candidate, network))
    if (codec === undefined) return []
    const { parameters: theirs, payloadType } = network
    const pair = { network: answered(remote.kind, network, codec), renderer: codec, theirs }
    return [remote.overDtls ? untouched(pair, codec.payloadType, payloadType) : pair]
  })
  const pairs = withSound(found)
  return { pairs, events: pairs.length === 0 || remote.overDtls ? null : eventsOf(remote, pairs) }
}

/**
 * Packets under DTLS-SRTP pass with the payload types they bear, so each description names those of the side that receives
 * (RFC 3264 §5.1): the network's the renderer's own, the renderer's those of the far end.
 */
function untouched(pair: CodecPair, ours: number, theirs: number): CodecPair {
  const { network, renderer } = pair
  return { ...pair, network: { ...network, payloadType: ours }, renderer: { ...renderer, payloadType: theirs } }
}

function answered(kind: 'audio' | 'video', network: RtpCodec, renderer: RtpCodec): RtpCodec {
  return { ...withFeedback(kind, network, network.feedback), parameters: renderer.parameters }
}

/** H.264 is one codec per profile and packetization mode (RFC 6184 §8.2.2); mode 0 is read by those who have mode 1. */
function agrees(ours: RtpCodec, theirs: RtpCodec): boolean {
  return h264Profile(ours) === h264Profile(theirs)
}

function eventsOf({ codecs }: RtpMedia, pairs: readonly CodecPair[]): RtpCodec | null {
  const events = codecs.filter(({ name }) => name.toLowerCase() === 'telephone-event')
  const clockRate = pairs[0]?.network.clockRate
  const chosen = events.find((event) => event.clockRate === clockRate) ?? events[0]
  return chosen === undefined ? null : { ...chosen, parameters: eventParameters, feedback: [] }
}

/** What is left of our offer after the answer: the answerer's payload types are used towards it (RFC 3264 §7). */
export function answeredCodecs(offered: CodecChoice, answer: RtpMedia): CodecChoice {
  const found = answer.codecs.flatMap((network): CodecPair[] => {
    const pair = offered.pairs.find(
      (candidate) => isSameCodec(candidate.network, network) && agrees(candidate.network, network),
    )
    if (pair === undefined) return []
    const { network: offeredCodec, renderer } = pair
    const { parameters: theirs, payloadType } = network
    const taken = { network: { ...network, parameters: offeredCodec.parameters }, renderer, theirs }
    return [answer.overDtls ? untouched(taken, offeredCodec.payloadType, payloadType) : taken]
  })
  const pairs = withSound(found)
  return { pairs, events: pairs.length === 0 || answer.overDtls ? null : eventsOf(answer, pairs) }
}

/** A choice as another leg of the renderer numbers it; what that leg has not, or DTLS would not let us renumber, is left out. */
export function onLeg(
  kind: 'audio' | 'video',
  { pairs, events }: CodecChoice,
  leg: { readonly codecs: readonly RtpCodec[]; readonly overDtls: boolean },
): CodecChoice {
  const own = [...usableCodecs(kind, leg.codecs), ...digitCodecs(leg.codecs)]
  const found = pairs.flatMap((pair): CodecPair[] => {
    const codec = own.find((candidate) => isSameCodec(candidate, pair.renderer) && agrees(candidate, pair.renderer))
    if (codec === undefined) return []
    if (!leg.overDtls) return [{ ...pair, renderer: codec }]
    return codec.payloadType === pair.network.payloadType ? [pair] : []
  })
  return { pairs: found, events: found.length === 0 ? null : events }
}

/** The renderer's side of a choice, for its answer. */
export function rendererCodecs(kind: 'audio' | 'video', { pairs }: CodecChoice): RtpCodec[] {
  return pairs.map(({ network, renderer, theirs }) => ({
    ...renderer,
    parameters: isOpus(network) ? theirs : renderer.parameters,
    // The gateway itself estimates and asks: see the network stream.
    feedback:
      kind === 'video' ? [...network.feedback.filter((value) => offeredFeedback.includes(value)), 'goog-remb'] : [],
  }))
}

/** What the other side can take of Opus (RFC 7587 §6.1) matters to the encoder; the rest of `fmtp` is the engine's own. */
function isOpus({ name }: RtpCodec): boolean {
  return name.toLowerCase() === 'opus'
}
