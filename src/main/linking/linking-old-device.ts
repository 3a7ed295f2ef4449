import { SealedChannel } from './sealed-channel.ts'
import { endingOf, inWords } from './link-words.ts'
import { OldDeviceSession, type OldDeviceSessionPorts } from './old-device-session.ts'
import { accountTag, answerCode, answerQr, type SessionKeys } from './pairing.ts'
import { joinSlot, leaveSlot, waitingSlots, type SlotPorts } from './slot-opening.ts'
import type { SlotPipe } from './slot-pipe.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import { parseLinkCode } from '#shared/linking/link-code.ts'
import { parseLinkQr } from '#shared/linking/qr-payload.ts'
import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { DeviceOffer } from '#shared/model/device-link.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'

/** How long the other end may take to prove that it knows the code, ms. */
const proofMs = 60_000

export interface LinkingOldDevicePorts extends SlotPorts, OldDeviceSessionPorts {
  readonly account: Aor
}

/** Who asks to be linked, for the person to decide. */
export interface LinkOffer {
  readonly name: string
  readonly deviceId: DeviceId
}

interface Paired {
  readonly pipe: SlotPipe
  readonly keys: SessionKeys
  readonly checkHello: (keys: DeviceOffer) => void
}

/** An old device of an account: reads the new one's code, asks the person, hands over. Each object is one attempt. */
export class LinkingOldDevice {
  readonly #ports: LinkingOldDevicePorts
  #session: OldDeviceSession | null = null
  #pipe: SlotPipe | null = null
  #pairing: readonly SlotPipe[] = []
  #cancelled = false

  constructor(ports: LinkingOldDevicePorts) {
    this.#ports = ports
  }

  /** @throws SottoError `link-qr-invalid`, `link-too-new`, `link-wrong-account`, `link-expired`, `link-used`, `link-tampered` … */
  async readQr(text: string): Promise<LinkOffer> {
    const qr = parseLinkQr(text)
    if (!qr.ok) throw new SottoError(qr.error === 'newer-version' ? 'link-too-new' : 'link-qr-invalid')
    const { account, random } = this.#ports
    if (!equalBytes(qr.value.accountTag, accountTag(account))) throw new SottoError('link-wrong-account')
    return this.#meet([qr.value.slot], async (pipe) => {
      const meeting = { account, slot: qr.value.slot }
      const { answer, keys, checkHello } = answerQr(meeting, qr.value, await pipe.receive(), random)
      await pipe.send(answer)
      return { pipe, keys, checkHello }
    })
  }

  /** @throws SottoError `invalid-argument` for what are not eight digits; `link-not-found`, `link-wrong-code`, `link-expired` … */
  async enterCode(typed: string): Promise<LinkOffer> {
    const digits = parseLinkCode(typed)
    if (digits === null) throw new SottoError('invalid-argument')
    const { account, random } = this.#ports
    const slots = await waitingSlots(this.#ports).catch((cause: unknown) => Promise.reject(inWords(cause)))
    if (slots.length === 0) throw new SottoError('link-not-found')
    return this.#meet(slots, async (pipe) => {
      const meeting = { account, slot: pipe.key.slot }
      const { answer, finish } = answerCode(meeting, digits, await pipe.receive(), random)
      await pipe.send(answer)
      return { pipe, keys: finish(await pipe.receive()), checkHello: () => undefined }
    })
  }

  /** The person says yes; resolves when the new device has everything on its disk. @throws SottoError. */
  async confirm(): Promise<void> {
    const session = this.#session
    if (session === null) throw new SottoError('invalid-argument')
    await session.confirm()
  }

  cancel(): void {
    this.#cancelled = true
    this.#session?.cancel()
    for (const pipe of this.#pairing) void leaveSlot(this.#ports, pipe, 'cancelled')
  }

  /** Strangers may wait beside the person's device: whoever proves the code is it, and each gets one try. */
  async #meet(slots: readonly Uint8Array[], pair: (pipe: SlotPipe) => Promise<Paired>): Promise<LinkOffer> {
    const paired = await firstOf(slots.map((slot) => this.#pair(slot, pair)))
    await Promise.all(
      this.#pairing.filter((pipe) => pipe !== paired.pipe).map((pipe) => leaveSlot(this.#ports, pipe, 'failed')),
    )
    this.#pairing = []
    if (this.#cancelled) throw await this.#cancelPaired(paired.pipe)
    const { pipe, keys, checkHello } = paired
    this.#pipe = pipe
    const channel = new SealedChannel(pipe, { out: keys.toNew, in: keys.toOld }, this.#ports.random)
    this.#session = new OldDeviceSession(this.#ports, channel, checkHello)
    void this.#endAfter(this.#session, channel)
    const device = await this.#session.asked()
    return { name: cleanDisplayName(device.name), deviceId: deviceIdText(device.id) }
  }

  async #pair(slot: Uint8Array, pair: (pipe: SlotPipe) => Promise<Paired>): Promise<Paired> {
    let pipe: SlotPipe | null = null
    try {
      pipe = await joinSlot(this.#ports, slot)
      this.#pairing = [...this.#pairing, pipe]
      return await this.#inTime(pair(pipe))
    } catch (cause) {
      const why = inWords(cause)
      if (pipe !== null) await leaveSlot(this.#ports, pipe, endingOf(why.code))
      throw why
    }
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    const timer = this.#ports.clock.after(proofMs, () => late.reject(new SottoError('link-expired')))
    return Promise.race([work, late.promise]).finally(() => timer.cancel())
  }

  async #cancelPaired(pipe: SlotPipe): Promise<SottoError> {
    await leaveSlot(this.#ports, pipe, 'cancelled')
    return new SottoError('cancelled')
  }

  /** The old device has the last word: it ends the slot once it knows how things went. */
  async #endAfter(session: OldDeviceSession, channel: SealedChannel): Promise<void> {
    const went = await session.finished().then(
      () => 'done' as const,
      () => 'failed' as const,
    )
    await session.idle()
    channel.close()
    // After a failure the other end has to read why first; the slot ends by itself.
    if (went === 'done' && this.#pipe !== null) await leaveSlot(this.#ports, this.#pipe, 'done')
  }
}

/** The first that works out; else what is most worth saying of those that did not. */
async function firstOf<T>(attempts: readonly Promise<T>[]): Promise<T> {
  try {
    return await Promise.any(attempts)
  } catch (cause) {
    const failures = cause instanceof AggregateError ? cause.errors.map(inWords) : [inWords(cause)]
    throw failures.find(({ code }) => code === 'link-wrong-code') ?? failures[0] ?? new SottoError('link-failed')
  }
}
