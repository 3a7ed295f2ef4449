/** What accounts need of the rest of main; `compose` hands it in. */
import type { Aor, AccountId, DeviceId } from '#shared/model/ids.ts'
import type { AccountView, SipTransport } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SignallingPort } from './signalling-port.ts'

/** What the identity feature knows about an account. */
export interface AccountIdentity {
  readonly identityHash: string
  readonly deviceId: DeviceId
  readonly paperSecret: AccountView['paperSecret']
}

/** Makes and shows the device chain of accounts. */
export interface AccountIdentityPort {
  /** Makes link 0 and the device keys unless they exist. */
  ensure(account: Aor): Promise<AccountIdentity>
  remove(account: Aor): Promise<void>
}

/** Stored settings of the encrypted history. */
export interface SettingsPort {
  setting(key: string): Promise<string | null>
  setSetting(key: string, valueJson: string | null): Promise<void>
}

/** What the home server hands out at sign-up. */
export interface LocalAccount {
  readonly aor: Aor
  readonly password: Uint8Array
  readonly transport: SipTransport
  readonly server: string
  readonly msrpRelay: string | null
  readonly spkiPins: readonly string[]
  /** False when it is the home server of another computer on the LAN. */
  readonly onThisComputer: boolean
  /** Gives the address back: the account ends at the server too. */
  readonly close: () => Promise<void>
}

/** Where the home server of this computer listens now. */
export interface HomeEndpoints {
  readonly server: string
  readonly msrpRelay: string | null
  readonly spkiPins: readonly string[]
}

/** Signs up at the home server of this computer or, with an invitation, of the LAN. */
export interface LocalSignUpPort {
  signUp(request: {
    readonly user: string
    readonly displayName: string
    readonly invitation: string | null
  }): Promise<LocalAccount>
  /** Starts the home server of this computer if need be. */
  endpoints(): Promise<HomeEndpoints>
  /** It was started again and may listen elsewhere; returns the disposer. */
  onMoved(handler: (endpoints: HomeEndpoints) => void): () => void
}

/** Tells the history which accounts this profile has. */
export interface AccountRegistryPort {
  register(account: { readonly id: AccountId; readonly aor: Aor }): Promise<void>
  /** Erases everything the history holds about an account. */
  erase(account: Aor): Promise<void>
}

export interface AccountsPorts {
  readonly registry: AccountRegistryPort
  readonly settings: SettingsPort
  readonly signalling: SignallingPort
  readonly identity: AccountIdentityPort
  readonly home: LocalSignUpPort
  readonly clock: ClockPort
  readonly random: RandomPort
}
