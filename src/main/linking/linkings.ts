/** Linking as the screen sees it: one at a time, on either side, with what is shown of it. */
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import { utf8Text } from '#shared/bytes/bytes.ts'
import type { ChainReading } from '#shared/identity/read-chain.ts'
import type { LinkingView, NewDeviceLinking, OldDeviceLinking } from '#shared/model/linking-views.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { LinkingNewDevice } from './linking-new-device.ts'
import { LinkingOldDevice } from './linking-old-device.ts'
import type { NewDevicePort } from './new-device-session.ts'
import type { OldDeviceSessionPorts } from './old-device-session.ts'
import type { LinkParcel } from './parcel.ts'
import type { RendezvousClientPort } from './rendezvous-port.ts'

/** A connection to a replica for one linking; nothing of it is kept. */
export interface LinkConnection {
  readonly client: RendezvousClientPort
  readonly close: () => void
}

/** A device that is to be linked, with its fresh keys in memory. */
export interface NewDeviceInUse extends NewDevicePort {
  /** Stores what was handed over together with the keys. Resolves with the account of this profile. */
  take(parcel: LinkParcel, chain: ChainReading): Promise<AccountId>
  wipe(): void
}

export interface LinkingsPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  /** Nobody signs: the server does not know this device yet. `server` null = the home server of this computer. */
  readonly connectUnknown: (account: Aor, server: string | null) => Promise<LinkConnection>
  readonly newDevice: (account: Aor) => NewDeviceInUse
  /** Signed by this device of an account that replicates. @throws SottoError `replica-off`, `server-unreachable`. */
  readonly connectKnown: (accountId: AccountId) => Promise<LinkConnection>
  readonly aorOf: (accountId: AccountId) => Aor
  readonly addDevice: (accountId: AccountId, ...args: Parameters<OldDeviceSessionPorts['addDevice']>) => Promise<void>
  readonly parcel: (accountId: AccountId, ...args: Parameters<OldDeviceSessionPorts['parcel']>) => Promise<LinkParcel>
  readonly changed: (view: LinkingView | null) => void
}

interface Running {
  readonly cancel: () => void
  readonly confirm?: () => Promise<void>
}

export class Linkings {
  readonly #ports: LinkingsPorts
  #view: LinkingView | null = null
  #running: Running | null = null

  constructor(ports: LinkingsPorts) {
    this.#ports = ports
  }

  view(): LinkingView | null {
    return this.#view
  }

  /** Ends what runs; nobody is told any more. */
  stop(): void {
    this.#running?.cancel()
    this.#running = null
  }

  /** Ends what runs, and puts away how it ended. */
  cancel(): void {
    this.#running?.cancel()
    this.#running = null
    this.#show(null)
  }

  /** On the new device; resolves once code and picture are shown. @throws SottoError. */
  async begin({ aor, server }: { readonly aor: Aor; readonly server: string | null }): Promise<void> {
    this.cancel()
    let view: NewDeviceLinking = {
      ...{ side: 'new', account: aor, state: 'connecting', qr: null, code: null, expiresAt: null },
      ...{ error: null, accountId: null },
    }
    const show = (change: Partial<NewDeviceLinking>): void => {
      if (this.#running === running) this.#show((view = { ...view, ...change }))
    }
    const abandoned = new AbortController()
    const running: Running = { cancel: () => abandoned.abort() }
    this.#running = running
    this.#show(view)
    const { linking, taken, end } = await this.#startNew(aor, server, () => show({ state: 'checking' })).catch(
      (error: unknown) => {
        show({ state: 'failed', error: codeOf(error) })
        throw error
      },
    )
    if (abandoned.signal.aborted) linking.cancel()
    abandoned.signal.addEventListener('abort', () => linking.cancel())
    const shown = await linking.start().catch((error: unknown) => {
      end()
      show({ state: 'failed', error: codeOf(error) })
      throw error
    })
    show({ state: 'showing', qr: shown.qrText, code: shown.code, expiresAt: shown.expiresAt })
    void linking
      .finish()
      .then(
        () => show({ state: 'done', accountId: taken(), qr: null, code: null }),
        (error: unknown) => show({ state: 'failed', error: codeOf(error), qr: null, code: null }),
      )
      .finally(end)
  }

  async #startNew(aor: Aor, server: string | null, paired: () => void) {
    const { clock, random } = this.#ports
    const { client, close } = await this.#ports.connectUnknown(aor, server)
    const device = this.#ports.newDevice(aor)
    let accountId: AccountId | null = null
    const take = async (parcel: LinkParcel, chain: ChainReading): Promise<void> => {
      accountId = await device.take(parcel, chain)
    }
    const linking = new LinkingNewDevice({ account: aor, client, device, clock, random, take }, paired)
    const end = (): void => {
      close()
      device.wipe()
    }
    return { linking, taken: () => accountId, end }
  }

  /** On the old device: what a QR code said; wiped by the caller. */
  readQr({ accountId, text }: { readonly accountId: AccountId; readonly text: Uint8Array }): Promise<void> {
    return this.#meet(accountId, (linking) => linking.readQr(utf8Text(text) ?? ''))
  }

  /** On the old device: eight digits. */
  enterCode({ accountId, code }: { readonly accountId: AccountId; readonly code: Uint8Array }): Promise<void> {
    return this.#meet(accountId, (linking) => linking.enterCode(utf8Text(code) ?? ''))
  }

  /** The person says yes. @throws SottoError. */
  async confirm(): Promise<void> {
    const { confirm } = this.#running ?? {}
    if (confirm === undefined) throw new SottoError('invalid-argument')
    await confirm()
  }

  async #meet(
    accountId: AccountId,
    read: (linking: LinkingOldDevice) => Promise<{ readonly name: string }>,
  ): Promise<void> {
    this.cancel()
    let view: OldDeviceLinking = { side: 'old', accountId, state: 'looking', device: null, error: null }
    const show = (change: Partial<OldDeviceLinking>): void => {
      if (this.#running === running) this.#show((view = { ...view, ...change }))
    }
    let cancel = (): void => undefined
    let confirm = (): Promise<void> => Promise.reject(new SottoError('busy'))
    const running: Running = { cancel: () => cancel(), confirm: () => confirm() }
    this.#running = running
    this.#show(view)
    try {
      const { client, close } = await this.#ports.connectKnown(accountId)
      const linking = this.#oldDevice(accountId, client)
      cancel = () => linking.cancel()
      const fail = (error: unknown): never => {
        close()
        show({ state: 'failed', error: codeOf(error) })
        throw error
      }
      const { name } = await read(linking).catch(fail)
      confirm = async () => {
        show({ state: 'handing-over' })
        await linking.confirm().catch(fail)
        show({ state: 'done' })
        close()
      }
      show({ state: 'asking', device: name })
    } catch (error) {
      show({ state: 'failed', error: codeOf(error) })
      throw error
    }
  }

  #oldDevice(accountId: AccountId, client: RendezvousClientPort): LinkingOldDevice {
    const { clock, random, aorOf, addDevice, parcel } = this.#ports
    return new LinkingOldDevice({
      ...{ account: aorOf(accountId), client, clock, random },
      addDevice: (keys, cosign) => addDevice(accountId, keys, cosign),
      parcel: (keys) => parcel(accountId, keys),
    })
  }

  #show(view: LinkingView | null): void {
    this.#view = view
    this.#ports.changed(view)
  }
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof SottoError ? error.code : 'internal'
}
