import { addsDevice, checkParcel } from './check-parcel.ts'
import type { SealedChannel } from './sealed-channel.ts'
import { decodeToNew, encodeMessage, type ToNew } from './link-messages.ts'
import { inWords } from './link-words.ts'
import { newDeviceStart, stepNewDevice, type NewDeviceEffect, type NewDeviceEvent } from './new-device-machine.ts'
import type { LinkParcel } from './parcel.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { linkSignatureInput } from '#shared/identity/device-chain.ts'
import type { ChainReading } from '#shared/identity/read-chain.ts'
import type { DeviceOffer } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'

/** This device's fresh keys for the account; the secret halves stay behind it. */
export interface NewDevicePort {
  readonly keys: DeviceOffer
  /** Ed25519 by the new device. */
  sign(message: Uint8Array): Uint8Array
}

export interface NewDeviceSessionPorts {
  readonly account: Aor
  readonly device: NewDevicePort
  readonly clock: ClockPort
  /** Stores everything that was handed over, in one piece, durable when it resolves. */
  readonly take: (parcel: LinkParcel, chain: ChainReading) => Promise<void>
}

/** Runs the new device's machine over a channel. */
export class NewDeviceSession {
  readonly #ports: NewDeviceSessionPorts
  readonly #channel: SealedChannel
  #state = newDeviceStart
  #taken: LinkParcel | null = null
  readonly #outcome = Promise.withResolvers<LinkParcel>()
  /** What waits to be sent, in order. */
  #sending: Promise<void> = Promise.resolve()

  constructor(ports: NewDeviceSessionPorts, channel: SealedChannel) {
    this.#ports = ports
    this.#channel = channel
  }

  /** What was handed over, once it is stored and the other end was told. @throws SottoError. */
  async run(): Promise<LinkParcel> {
    const { clock, device } = this.#ports
    this.#send(encodeMessage({ kind: 'hello', at: clock.now(), keys: device.keys }))
    void this.#listen()
    try {
      return await this.#outcome.promise
    } finally {
      await this.#sending
      this.#channel.close()
    }
  }

  cancel(): void {
    this.#dispatch({ kind: 'failed', code: 'cancelled' })
  }

  async #listen(): Promise<void> {
    while (this.#state.phase === 'waiting' || this.#state.phase === 'taking') {
      try {
        const message = readMessage(await this.#channel.receive())
        this.#dispatch({ kind: 'message', message })
      } catch (cause) {
        this.#dispatch({ kind: 'failed', code: inWords(cause).code })
      }
    }
  }

  #dispatch(event: NewDeviceEvent): void {
    const { state, effects } = stepNewDevice(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: NewDeviceEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(encodeMessage(effect.message))
        return
      case 'sign':
        this.#sign(effect.body)
        return
      case 'take':
        void this.#take(effect.parcel)
        return
      case 'finish':
        this.#finish()
        return
      case 'fail':
        this.#outcome.reject(new SottoError(effect.code))
        return
    }
  }

  #sign(body: Uint8Array): void {
    const { device } = this.#ports
    if (addsDevice(body, device.keys))
      this.#dispatch({ kind: 'signed', signature: device.sign(linkSignatureInput(body)) })
    else this.#dispatch({ kind: 'failed', code: 'link-tampered' })
  }

  async #take(parcel: LinkParcel): Promise<void> {
    const { account, device, take } = this.#ports
    try {
      await take(parcel, checkParcel(parcel, account, device.keys))
      this.#taken = parcel
      this.#dispatch({ kind: 'taken' })
    } catch (cause) {
      this.#dispatch({ kind: 'failed', code: inWords(cause).code })
    }
  }

  /** Everything is here, whether the other end hears so or not. */
  #finish(): void {
    const taken = this.#taken
    if (taken === null) throw new Error('broken invariant: finished without a parcel')
    this.#outcome.resolve(taken)
  }

  #send(message: Uint8Array): void {
    this.#sending = this.#sending
      .then(() => this.#channel.send(message))
      .catch((cause: unknown) => this.#dispatch({ kind: 'failed', code: inWords(cause).code }))
  }
}

function readMessage(bytes: Uint8Array): ToNew {
  try {
    return decodeToNew(bytes)
  } catch (cause) {
    throw cause instanceof ProtocolError ? new SottoError('link-tampered', {}, cause) : cause
  }
}
