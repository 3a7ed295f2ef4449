/** DTMF digits as RTP packets (RFC 4733): payload, what to send for a digit, and digits out of what comes in. */

/** One event of a payload (RFC 4733 §2.3). */
export interface TelephoneEvent {
  /** 0 to 15 are digits; others are tones of fax and telephony. */
  readonly event: number
  /** The E bit: this is over. */
  readonly end: boolean
  /** 0 to 63: dBm0 without its sign. */
  readonly volume: number
  /** Since its timestamp, in timestamp units; 0 to 65535. */
  readonly duration: number
}

/** A packet of an event as data: header fields are the caller's. */
export interface TelephoneEventPacket {
  /** When to send it, from the start of the event. */
  readonly atMs: number
  readonly marker: boolean
  /** To add to the timestamp of the start: not 0 only for the later segments of a long event. */
  readonly timestampOffset: number
  readonly payload: Uint8Array
}

const digits = '0123456789*#ABCD'
const payloadBytes = 4
const maxDuration = 0xffff
const finalPackets = 3
const maxEventMs = 60_000
/** -10 dBm0, a usual level. */
const usualVolume = 10

/** The event of a digit (`0`–`9 * # A`–`D`); null for anything else. */
export function eventOfDigit(digit: string): number | null {
  const event = digit.length === 1 ? digits.indexOf(digit.toUpperCase()) : -1
  return event < 0 ? null : event
}

export function encodeTelephoneEvent({ event, end, volume, duration }: TelephoneEvent): Uint8Array {
  const second = (end ? 0x80 : 0) | (volume & 0x3f)
  return Uint8Array.of(event & 0xff, second, (duration >>> 8) & 0xff, duration & 0xff)
}

/** The events of a payload: one, or several that follow one another (RFC 4733 §2.5.1.5); null for no whole number of them. */
export function decodeTelephoneEvents(payload: Uint8Array): TelephoneEvent[] | null {
  if (payload.length === 0 || payload.length % payloadBytes !== 0) return null
  return Array.from({ length: payload.length / payloadBytes }, (_, at) => {
    const [event = 0, second = 0, high = 0, low = 0] = payload.subarray(at * payloadBytes, (at + 1) * payloadBytes)
    return { event, end: (second & 0x80) !== 0, volume: second & 0x3f, duration: (high << 8) | low }
  })
}

export interface EventTiming {
  /** Of the digit; bounded to a minute. */
  readonly durationMs: number
  /** Of the payload type, Hz. */
  readonly clockRate: number
  /** Between updates; 50 is RFC 4733's advice, 20 the pace of audio. */
  readonly intervalMs: number
}

/**
 * What to send for a digit: an update each interval, the last of them three times with the E bit (RFC 4733 §2.5.1). An event that
 * outlasts 16 bits of duration goes on in segments, each ended once.
 * @throws RangeError for no digit, or no duration.
 */
export function telephoneEventPackets(digit: string, timing: EventTiming): TelephoneEventPacket[] {
  const event = eventOfDigit(digit)
  const { clockRate, intervalMs } = timing
  const durationMs = Math.min(timing.durationMs, maxEventMs)
  if (event === null || !(durationMs > 0 && intervalMs > 0 && clockRate > 0)) throw new RangeError('no event')
  const unitsAt = (ms: number): number => Math.max(1, Math.round((Math.min(ms, durationMs) * clockRate) / 1000))
  const ticks = Math.ceil(durationMs / intervalMs)
  const packets: TelephoneEventPacket[] = []
  const add = (atMs: number, offset: number, duration: number, end: boolean): void => {
    const payload = encodeTelephoneEvent({ event, end, volume: usualVolume, duration })
    packets.push({ atMs, marker: packets.length === 0, timestampOffset: offset, payload })
  }
  let offset = 0
  for (let tick = 1; tick < ticks + finalPackets; tick += 1) {
    const units = unitsAt(tick * intervalMs)
    for (; units - offset > maxDuration; offset += maxDuration) add(tick * intervalMs, offset, maxDuration, false)
    add(tick * intervalMs, offset, units - offset, tick >= ticks)
  }
  return packets
}

/** Where a packet of events came from. */
export interface EventOrigin {
  readonly ssrc: number
  readonly timestamp: number
}

/** Digits out of packets, each once, as soon as its first packet is here; updates, repeats and late packets add nothing. */
export class TelephoneEventReceiver {
  #ssrc: number | null = null
  /** Start of the last segment heard, and its event. */
  #last: { readonly timestamp: number; readonly event: number } | null = null

  /** The digits that begin with this packet, mostly none or one. */
  receive({ ssrc, timestamp }: EventOrigin, payload: Uint8Array): string {
    const events = decodeTelephoneEvents(payload)
    if (events === null) return ''
    if (ssrc !== this.#ssrc) this.#last = null
    this.#ssrc = ssrc
    let [start, begun] = [timestamp, '']
    for (const { event, duration } of events) {
      // RFC 4733 §2.3.5: only states last for no time, and a digit is none.
      if (duration > 0 && this.#isNew(start, event)) begun += digits[event] ?? ''
      start = (start + duration) >>> 0
    }
    return begun
  }

  #isNew(timestamp: number, event: number): boolean {
    const last = this.#last
    const since = last === null ? 1 : (timestamp - last.timestamp) | 0
    if (since <= 0) return false
    this.#last = { timestamp, event }
    return !(last?.event === event && since === maxDuration)
  }
}
