/** What the browser's counters say of a call, and what happened between two readings of them; pure. */

/** One reading; counters since the connection began. */
export interface StatsReading {
  /** ms of the browser's clock. */
  readonly at: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly packetsReceived: number
  readonly packetsLost: number
  readonly jitterMs: number | null
  readonly roundTripMs: number | null
  readonly audioCodec: string
  readonly videoCodec: string
  /** Of the received picture, `1280×720`; empty without one. */
  readonly resolution: string
  readonly framesPerSecond: number | null
  /** Of the sent picture. */
  readonly sentResolution: string
  readonly sentFramesPerSecond: number | null
  /** Sound that left the jitter buffer, in samples, and what they waited there, summed in seconds. */
  readonly bufferedSamples: number
  readonly bufferedSeconds: number
  /** The same of what was played, from there to the loudspeaker. */
  readonly playedSamples: number
  readonly playedSeconds: number
  /** 0…1; null where the browser does not measure it. */
  readonly levelSent: number | null
  readonly levelReceived: number | null
}

/** What happened in one second. */
export interface StatsSample extends StatsReading {
  readonly kbitUp: number | null
  readonly kbitDown: number | null
  readonly lossPercent: number | null
  /** Mean wait of the sound in the jitter buffer and in the sound output, ms. */
  readonly bufferMs: number | null
  readonly outputMs: number | null
}

type Entry = Readonly<Record<string, unknown>>

const number = (entry: Entry | undefined, name: string): number | null => {
  const value = entry?.[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
const text = (entry: Entry | undefined, name: string): string => {
  const value = entry?.[name]
  return typeof value === 'string' ? value : ''
}
const sum = (entries: readonly Entry[], name: string): number =>
  entries.reduce((total, entry) => total + (number(entry, name) ?? 0), 0)
const toMs = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000)

/** Only what is iterated of an `RTCStatsReport`. */
export interface StatsSource {
  readonly forEach: (visit: (entry: unknown) => void) => void
}

/** Reads a report (W3C webrtc-stats names). */
export function readStats(report: StatsSource): StatsReading {
  const entries: Entry[] = []
  report.forEach((entry) => {
    if (typeof entry === 'object' && entry !== null) entries.push(entry as Entry)
  })
  const of = (type: string, kind?: string): readonly Entry[] =>
    entries.filter((entry) => entry.type === type && (kind === undefined || entry.kind === kind))
  const inbound = of('inbound-rtp')
  const [audioIn] = of('inbound-rtp', 'audio')
  const [videoIn] = of('inbound-rtp', 'video')
  const [videoOut] = of('outbound-rtp', 'video')
  const [remote] = of('remote-inbound-rtp', 'audio')
  const codecOf = (stream: Entry | undefined): string => codec(entries, text(stream, 'codecId'))
  return {
    at: Math.max(0, ...entries.map((entry) => number(entry, 'timestamp') ?? 0)),
    bytesSent: sum(of('outbound-rtp'), 'bytesSent'),
    bytesReceived: sum(inbound, 'bytesReceived'),
    packetsReceived: sum(inbound, 'packetsReceived'),
    packetsLost: sum(inbound, 'packetsLost'),
    jitterMs: toMs(number(audioIn, 'jitter')),
    roundTripMs: toMs(number(remote, 'roundTripTime')),
    audioCodec: codecOf(audioIn),
    videoCodec: codecOf(videoIn ?? videoOut),
    resolution: resolution(videoIn),
    framesPerSecond: number(videoIn, 'framesPerSecond'),
    sentResolution: resolution(videoOut),
    sentFramesPerSecond: number(videoOut, 'framesPerSecond'),
    bufferedSamples: number(audioIn, 'jitterBufferEmittedCount') ?? 0,
    bufferedSeconds: number(audioIn, 'jitterBufferDelay') ?? 0,
    playedSamples: sum(of('media-playout'), 'totalSamplesCount'),
    playedSeconds: sum(of('media-playout'), 'totalPlayoutDelay'),
    levelSent: number(of('media-source', 'audio')[0], 'audioLevel'),
    levelReceived: number(audioIn, 'audioLevel'),
  }
}

function codec(entries: readonly Entry[], id: string): string {
  const found = entries.find((entry) => entry.type === 'codec' && entry.id === id)
  const rate = number(found, 'clockRate')
  const name = text(found, 'mimeType').split('/')[1] ?? ''
  return rate === null ? name : `${name}/${String(rate)}`
}

function resolution(stream: Entry | undefined): string {
  const width = number(stream, 'frameWidth')
  const height = number(stream, 'frameHeight')
  return width === null || height === null ? '' : `${String(width)}×${String(height)}`
}

/** What happened between two readings; a counter that fell (another leg) tells nothing. */
export function sampleBetween(before: StatsReading | null, now: StatsReading): StatsSample {
  const grown = (name: Counter): number | null => difference(before?.[name], now[name])
  const [lost, received] = [grown('packetsLost'), grown('packetsReceived')]
  const expected = lost === null || received === null ? 0 : lost + received
  const elapsed = before === null ? 0 : now.at - before.at
  return {
    ...now,
    kbitUp: rate(grown('bytesSent'), elapsed),
    kbitDown: rate(grown('bytesReceived'), elapsed),
    lossPercent: expected === 0 || lost === null ? null : (100 * lost) / expected,
    bufferMs: meanMs(grown('bufferedSeconds'), grown('bufferedSamples')),
    outputMs: meanMs(grown('playedSeconds'), grown('playedSamples')),
  }
}

type Counter =
  | 'bytesSent'
  | 'packetsReceived'
  | 'packetsLost'
  | 'bytesReceived'
  | 'bufferedSamples'
  | 'bufferedSeconds'
  | 'playedSamples'
  | 'playedSeconds'

/** ms that each of `count` samples waited, which waited `seconds` together. */
function meanMs(seconds: number | null, count: number | null): number | null {
  return seconds === null || count === null || count === 0 ? null : (1000 * seconds) / count
}

/** Growth of a counter; null without an earlier value or when it fell. */
export function difference(before: number | undefined, now: number): number | null {
  return before === undefined || now < before ? null : now - before
}

/** kbit/s of `bytes` in `elapsedMs`. */
export function rate(bytes: number | null, elapsedMs: number): number | null {
  return bytes === null || elapsedMs <= 0 ? null : (bytes * 8) / elapsedMs
}
