/** The program's ZRTP on a line that loses packets, with media that flow as soon as keys may be used. */
import type { CallEnd } from './zrtp-call.ts'
import { SimulatedCall } from './zrtp-call.ts'
import type { LossyLine } from './zrtp-timers.ts'

/** Milliseconds from the first Hello to both ends secure under the same keys; null where it never came to that. */
export function lossyHandshake(seed: string | number, { loss, delayMs, mediaMs }: LossyLine): number | null {
  const call = new SimulatedCall(seed, {}, {}, { loss, delayMs, duplication: 0 })
  const { alice, bob, time, random } = call
  // What the descriptions carry: each knows the other's Hello.
  alice.stream.announcePeer([bob.stream.helloHash])
  bob.stream.announcePeer([alice.stream.helloHash])
  const media = (): void => {
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      if (from.secure === undefined || random.unit() < loss) continue
      time.after(delayMs[0] + random.unit() * (delayMs[1] - delayMs[0]), () => hearMedia(to))
    }
    time.after(mediaMs, media)
  }
  media()
  for (const end of [alice, bob]) end.stream.start()
  time.run(60_000, () => call.isSecure || alice.failure !== undefined || bob.failure !== undefined)
  for (const end of [alice, bob]) end.stream.stop()
  if (!call.isSecure) return null
  if (alice.secure?.sas?.base32 !== bob.secure?.sas?.base32)
    throw new Error(`seed ${seed}: secure under different keys`)
  return time.monotonic()
}

function hearMedia(to: CallEnd): void {
  if (to.keys('receive') !== undefined) to.stream.srtpAuthenticated()
}
