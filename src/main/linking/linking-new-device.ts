import { SealedChannel } from './sealed-channel.ts'
import { endingOf, inWords } from './link-words.ts'
import { NewDeviceSession, type NewDeviceSessionPorts } from './new-device-session.ts'
import { CodeNewHalf, QrNewHalf, type SessionKeys } from './pairing.ts'
import type { LinkParcel } from './parcel.ts'
import { leaveSlot, newSlotKey, openSlot, type SlotPorts } from './slot-opening.ts'
import type { SlotPipe } from './slot-pipe.ts'
import { SottoError } from '#shared/errors.ts'
import { linkCodeDigits } from '#shared/linking/link-code.ts'
import { drawQr, type QrDrawing } from '#shared/linking/qr-image.ts'
import { serializeLinkQr } from '#shared/linking/qr-payload.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** How long a code is good for, ms. */
export const linkCodeMs = 120_000

export interface LinkingNewDevicePorts extends SlotPorts, NewDeviceSessionPorts {}

/** What the new device shows: either will do, each for one try. */
export interface ShownCodes {
  readonly qr: QrDrawing
  /** Text of the QR code. */
  readonly qrText: string
  /** Eight digits. */
  readonly code: string
  /** By this device's clock, milliseconds since 1970. */
  readonly expiresAt: number
}

interface Way {
  readonly pipe: SlotPipe
  /** Sends the greeting, waits for the other end, agrees on keys. */
  pair(): Promise<SessionKeys>
}

/**
 * The new device: shows its codes, then gets the account handed over by a device of it. Each object is one attempt; its secrets are worth
 * nothing afterwards.
 */
export class LinkingNewDevice {
  readonly #ports: LinkingNewDevicePorts
  readonly #paired = Promise.withResolvers<never>()
  #ways: readonly Way[] = []
  #session: NewDeviceSession | null = null
  readonly #onPaired: () => void

  /** @param onPaired - The other device is there; the codes are used. */
  constructor(ports: LinkingNewDevicePorts, onPaired: () => void = () => undefined) {
    this.#ports = ports
    this.#onPaired = onPaired
    this.#paired.promise.catch(() => undefined)
  }

  /** Opens the slots. @throws SottoError `server-unreachable`, `link-busy` … */
  async start(): Promise<ShownCodes> {
    const { clock, random } = this.#ports
    const code = randomDigits(random)
    try {
      const byQr = await this.#openQr()
      this.#ways = [byQr.way]
      this.#ways = [byQr.way, await this.#openCode(code)]
      return { qr: drawQr(byQr.text), qrText: byQr.text, code, expiresAt: clock.now() + linkCodeMs }
    } catch (cause) {
      await this.#leave(this.#ways, inWords(cause))
      throw inWords(cause)
    }
  }

  /** What was handed over, once `take` has stored it. @throws SottoError, also `cancelled`. */
  async finish(): Promise<LinkParcel> {
    const paired = await this.#pair()
    this.#onPaired()
    const channel = new SealedChannel(
      paired.way.pipe,
      { out: paired.keys.toOld, in: paired.keys.toNew },
      this.#ports.random,
    )
    this.#session = new NewDeviceSession(this.#ports, channel)
    return this.#session.run()
  }

  cancel(): void {
    if (this.#session === null) this.#paired.reject(new SottoError('cancelled'))
    else this.#session.cancel()
  }

  async #openQr(): Promise<{ readonly way: Way; readonly text: string }> {
    const { account, device, random } = this.#ports
    const key = newSlotKey(random)
    const half = new QrNewHalf({ account, slot: key.slot }, device.keys, random)
    const pipe = await openSlot(this.#ports, key, 'link-qr', account)
    const pair = async (): Promise<SessionKeys> => {
      try {
        await pipe.send(half.greeting)
        return half.finish(await pipe.receive())
      } finally {
        half.wipe()
      }
    }
    return { way: { pipe, pair }, text: serializeLinkQr(half.qr) }
  }

  async #openCode(code: string): Promise<Way> {
    const { account, random } = this.#ports
    const key = newSlotKey(random)
    const half = new CodeNewHalf({ account, slot: key.slot }, code, random)
    const pipe = await openSlot(this.#ports, key, 'link-code', account)
    const pair = async (): Promise<SessionKeys> => {
      await pipe.send(half.greeting)
      const { proof, keys } = half.finish(await pipe.receive())
      await pipe.send(proof)
      return keys
    }
    return { pipe, pair }
  }

  /** Whichever way is taken first counts, and so does whatever goes wrong first: a wrong code ends the attempt. */
  async #pair(): Promise<{ readonly way: Way; readonly keys: SessionKeys }> {
    const expiry = this.#ports.clock.after(linkCodeMs, () => this.#paired.reject(new SottoError('link-expired')))
    try {
      const pairings = this.#ways.map(async (way) => ({ way, keys: await way.pair() }))
      const paired = await Promise.race([...pairings, this.#paired.promise])
      await this.#leave(
        this.#ways.filter((way) => way !== paired.way),
        null,
      )
      return paired
    } catch (cause) {
      await this.#leave(this.#ways, inWords(cause))
      throw inWords(cause)
    } finally {
      expiry.cancel()
    }
  }

  async #leave(ways: readonly Way[], why: SottoError | null): Promise<void> {
    const ending = why === null ? 'done' : endingOf(why.code)
    await Promise.all(ways.map(({ pipe }) => leaveSlot(this.#ports, pipe, ending)))
  }
}

/** 64 random bits modulo 10^8: none is likelier than another by more than one in 10^11. */
function randomDigits(random: RandomPort): string {
  const bytes = random.bytes(8)
  const value = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)
  return String(value % 10n ** BigInt(linkCodeDigits)).padStart(linkCodeDigits, '0')
}
