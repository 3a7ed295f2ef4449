/** What a test call with an echo contact tells of delay and loss; pure. */
import type { CallNetworkView } from '#shared/model/calls.ts'
import type { StatsSample } from '#renderer/media/stats.ts'

/** One second of a test call; null where it is not known. */
export interface TestSecond {
  /** Round trip of packets to the echo contact, from its receiver reports (RFC 3550 §6.4.1), ms. */
  readonly networkMs: number | null
  /** Mean wait in the jitter buffer (webrtc-stats `jitterBufferDelay` ÷ `jitterBufferEmittedCount`), ms. */
  readonly bufferMs: number | null
  /** Mean wait from there to the loudspeaker (`totalPlayoutDelay` ÷ `totalSamplesCount`), ms. */
  readonly outputMs: number | null
  /** Of what was sent and should have come back, per cent. */
  readonly lossPercent: number | null
  readonly jitterMs: number | null
  /** Loudness of the microphone, 0…1. */
  readonly levelSent: number | null
}

/** How a call with somebody as far away as the echo contact would feel. */
export type Verdict = 'good' | 'noticeable' | 'bad' | 'unknown'

/** What a test call found. */
export interface EchoResult {
  /** Until one hears oneself; see {@link echoDelay}. */
  readonly delayMs: number | null
  /** Until a person as far away as the echo contact hears one: the network is passed once. */
  readonly oneWayMs: number | null
  readonly networkMs: number | null
  readonly bufferMs: number | null
  readonly outputMs: number | null
  readonly jitterMs: number | null
  readonly lossPercent: number | null
  readonly isSilent: boolean
  readonly verdict: Verdict
}

/** Sound that is gathered before a packet of it can leave, ms (RFC 7587 §4.2: 20 ms is the default of Opus). */
export const packetMs = 20
/** ITU-T G.114: up to here most people notice nothing, and beyond the other nobody talks at ease; mouth to ear, ms. */
const [easyMs, hardMs] = [150, 400]
/** Opus conceals a lost packet now and then; more is heard, and beyond the other words are missing. Per cent. */
const [easyLoss, hardLoss] = [1, 5]
/** A microphone that is never louder is off, covered or another one; 0…1. */
const silence = 0.001

/**
 * From one's mouth to one's own ear, ms: the packet that is gathered, the round trip of packets, the jitter buffer and the sound
 * output. Not in it, because nobody tells: the microphone's own buffer, the codec's look-ahead (6.5 ms for Opus), the
 * loudspeaker's way of its own, and whatever an echo contact that is no home server of ours does before it answers.
 */
export function echoDelay(waits: Pick<TestSecond, 'networkMs' | 'bufferMs' | 'outputMs'>): number | null {
  const { networkMs, bufferMs, outputMs } = waits
  if (networkMs === null || bufferMs === null) return null
  return packetMs + networkMs + bufferMs + (outputMs ?? 0)
}

/** The delay of each second. Reports come every few seconds: the first one stands for the seconds before it, too. */
export function delaySeries(seconds: readonly TestSecond[]): readonly (number | null)[] {
  const first = seconds.find(({ networkMs }) => networkMs !== null)?.networkMs ?? null
  return seconds.map((second) => echoDelay({ ...second, networkMs: second.networkMs ?? first }))
}

const noNetwork = { roundTripMs: null, lossReceivedPercent: null, jitterMs: null }
const noSample = { ...noNetwork, bufferMs: null, outputMs: null, lossPercent: null, levelSent: null }

/** One second out of what the gateway and the browser counted in it. */
export function secondOf(network: CallNetworkView | null, sample: StatsSample | null): TestSecond {
  const counted = network ?? noNetwork
  const { bufferMs, outputMs, lossPercent, levelSent, roundTripMs, jitterMs } = sample ?? noSample
  return {
    ...{ bufferMs, outputMs, levelSent },
    networkMs: counted.roundTripMs ?? roundTripMs,
    lossPercent: lossPercent ?? counted.lossReceivedPercent,
    jitterMs: counted.jitterMs ?? jitterMs,
  }
}

/** The result of all seconds: medians, because one late packet must not spoil them; loss is their mean. */
export function resultOf(seconds: readonly TestSecond[]): EchoResult {
  const typical = (pick: (second: TestSecond) => number | null): number | null => median(known(seconds.map(pick)))
  const networkMs = typical((second) => second.networkMs)
  const bufferMs = typical((second) => second.bufferMs)
  const outputMs = typical((second) => second.outputMs)
  const delayMs = echoDelay({ networkMs, bufferMs, outputMs })
  const oneWayMs = delayMs === null || networkMs === null ? null : delayMs - networkMs / 2
  const lossPercent = mean(known(seconds.map((second) => second.lossPercent)))
  const levels = known(seconds.map((second) => second.levelSent))
  return {
    ...{ delayMs, oneWayMs, networkMs, bufferMs, outputMs, lossPercent },
    jitterMs: typical((second) => second.jitterMs),
    isSilent: levels.length > 0 && Math.max(...levels) < silence,
    verdict: verdictOf(oneWayMs, lossPercent),
  }
}

function verdictOf(oneWayMs: number | null, lossPercent: number | null): Verdict {
  if ((oneWayMs ?? 0) > hardMs || (lossPercent ?? 0) > hardLoss) return 'bad'
  if ((oneWayMs ?? 0) > easyMs || (lossPercent ?? 0) > easyLoss) return 'noticeable'
  return oneWayMs === null || lossPercent === null ? 'unknown' : 'good'
}

function known(values: readonly (number | null)[]): readonly number[] {
  return values.filter((value) => value !== null)
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length
}

function median(values: readonly number[]): number | null {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? null
}
