import type { SealedChannel } from './sealed-channel.ts'
import { decodeToOld, encodeMessage, type ToOld } from './link-messages.ts'
import { inWords } from './link-words.ts'
import { oldDeviceStart, stepOldDevice, type OldDeviceEffect, type OldDeviceEvent } from './old-device-machine.ts'
import type { LinkParcel } from './parcel.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import type { DeviceOffer } from '#shared/model/device-link.ts'
import type { ClockPort } from '#shared/ports/clock.ts'

export interface OldDeviceSessionPorts {
  readonly clock: ClockPort
  /**
   * Writes the `add` link, has it signed by the new device too, stores it at the server and puts the epoch's keys for it. `cosign` may be
   * asked again with another body when the chain's head moved.
   */
  addDevice(keys: DeviceOffer, cosign: (body: Uint8Array) => Promise<Uint8Array>): Promise<void>
  /** What is handed over, collected after the device was added. */
  parcel(keys: DeviceOffer): Promise<LinkParcel>
}

/** Runs the old device's machine over a channel. */
export class OldDeviceSession {
  readonly #ports: OldDeviceSessionPorts
  readonly #channel: SealedChannel
  readonly #checkHello: (keys: DeviceOffer) => void
  #state = oldDeviceStart
  readonly #asked = Promise.withResolvers<DeviceOffer>()
  readonly #outcome = Promise.withResolvers<undefined>()
  #cosigned: PromiseWithResolvers<Uint8Array> | null = null
  #sending: Promise<void> = Promise.resolve()

  /** @param checkHello - Throws for keys other than those that a QR code named. */
  constructor(ports: OldDeviceSessionPorts, channel: SealedChannel, checkHello: (keys: DeviceOffer) => void) {
    this.#ports = ports
    this.#channel = channel
    this.#checkHello = checkHello
    this.#asked.promise.catch(() => undefined)
    this.#outcome.promise.catch(() => undefined)
    void this.#listen()
  }

  /** The new device, as it says who it is. @throws SottoError. */
  asked(): Promise<DeviceOffer> {
    return this.#asked.promise
  }

  /** Hands everything over; resolves when the new device has it on its disk. @throws SottoError. */
  async confirm(): Promise<void> {
    this.#dispatch({ kind: 'confirmed' })
    await this.finished()
  }

  async finished(): Promise<void> {
    await this.#outcome.promise
  }

  cancel(): void {
    this.#dispatch({ kind: 'failed', code: 'cancelled' })
  }

  /** Resolves when all that was to be sent is sent, or cannot be. */
  idle(): Promise<void> {
    return this.#sending
  }

  async #listen(): Promise<void> {
    while (this.#state.phase !== 'done' && this.#state.phase !== 'failed') {
      try {
        const message = readMessage(await this.#channel.receive())
        this.#dispatch({ kind: 'message', message, now: this.#ports.clock.now() })
      } catch (cause) {
        this.#dispatch({ kind: 'failed', code: inWords(cause).code })
      }
    }
  }

  #dispatch(event: OldDeviceEvent): void {
    const { state, effects } = stepOldDevice(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: OldDeviceEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(encodeMessage(effect.message))
        return
      case 'ask':
        this.#ask(effect.keys)
        return
      case 'add':
        void this.#add(effect.keys)
        return
      case 'cosigned':
        this.#cosigned?.resolve(effect.signature)
        return
      case 'finish':
        this.#outcome.resolve(undefined)
        return
      case 'fail':
        this.#fail(new SottoError(effect.code))
        return
    }
  }

  #ask(keys: DeviceOffer): void {
    try {
      this.#checkHello(keys)
      this.#asked.resolve(keys)
    } catch (cause) {
      this.#dispatch({ kind: 'failed', code: inWords(cause).code })
    }
  }

  async #add(keys: DeviceOffer): Promise<void> {
    try {
      await this.#ports.addDevice(keys, (body) => this.#cosign(body))
      this.#dispatch({ kind: 'added', parcel: await this.#ports.parcel(keys) })
    } catch (cause) {
      this.#dispatch({ kind: 'failed', code: inWords(cause).code })
    }
  }

  #cosign(body: Uint8Array): Promise<Uint8Array> {
    this.#cosigned = Promise.withResolvers()
    this.#cosigned.promise.catch(() => undefined)
    this.#dispatch({ kind: 'cosign', body })
    if (this.#state.phase === 'failed') this.#cosigned.reject(new SottoError('cancelled'))
    return this.#cosigned.promise
  }

  #fail(why: SottoError): void {
    this.#asked.reject(why)
    this.#cosigned?.reject(why)
    this.#outcome.reject(why)
  }

  #send(message: Uint8Array): void {
    this.#sending = this.#sending
      .then(() => this.#channel.send(message))
      .catch((cause: unknown) => this.#dispatch({ kind: 'failed', code: inWords(cause).code }))
  }
}

function readMessage(bytes: Uint8Array): ToOld {
  try {
    return decodeToOld(bytes)
  } catch (cause) {
    throw cause instanceof ProtocolError ? new SottoError('link-tampered', {}, cause) : cause
  }
}
