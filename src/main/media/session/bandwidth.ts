/** Tells the renderer's video engine how much it may send: without transport-wide feedback it would climb for half a minute. */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { concatBytes } from '#shared/bytes/bytes.ts'
import { buildReceiverReport, buildRemb } from '#protocol/rtp/rtcp-build.ts'

interface Ports {
  readonly clock: ClockPort
  /** SSRCs of the renderer's video, once it sends. */
  readonly ssrcs: () => readonly number[]
  /** Share of our packets that the other side misses; null before it told. */
  readonly loss: () => number | null
  readonly toRenderer: (compound: Uint8Array) => void
}

const everyMs = 1_000
const start = 1_500_000
const least = 150_000
const most = 4_000_000
/** RFC 8698 and Google's estimator agree on these: below the first there is room, above the second too much. */
const easyLoss = 0.02
const heavyLoss = 0.1
/** Of the gateway itself, towards the renderer. */
const ownSsrc = 1

export class Bandwidth {
  readonly #ports: Ports
  #bitsPerSecond = start
  #timer: Timer | null = null

  constructor(ports: Ports) {
    this.#ports = ports
  }

  start(): void {
    this.#timer ??= this.#ports.clock.after(everyMs, () => this.#beat())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #beat(): void {
    const { clock, ssrcs, loss, toRenderer } = this.#ports
    this.#timer = clock.after(everyMs, () => this.#beat())
    this.#bitsPerSecond = next(this.#bitsPerSecond, loss())
    const media = ssrcs()
    if (media.length === 0) return
    toRenderer(concatBytes(buildReceiverReport(ownSsrc, []), buildRemb(ownSsrc, this.#bitsPerSecond, media)))
  }
}

function next(bitsPerSecond: number, loss: number | null): number {
  const factor = loss === null || loss < easyLoss ? 1.08 : loss > heavyLoss ? 1 - loss / 2 : 1
  return Math.round(Math.min(most, Math.max(least, bitsPerSecond * factor)))
}
