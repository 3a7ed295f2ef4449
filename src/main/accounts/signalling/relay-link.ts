/** The account's connection to its MSRP relay: opened when first needed, shared by its chat sessions. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { MsrpClient } from '#protocol/msrp/client.ts'
import type { MsrpConnection } from '#protocol/msrp/connection.ts'
import type { LocalPath } from '#protocol/msrp/local-path.ts'
import type { Credentials, SignallingAccount } from '../signalling-port.ts'
import { relayAddressOf } from './flow-targets.ts'

/** A relay that could not be used is left alone this long: messages go as SIP MESSAGE meanwhile. */
const restMs = 60_000

/** A path of our own and the connection it lives on. */
export interface ReservedPath {
  readonly connection: MsrpConnection
  readonly path: LocalPath
}

export class RelayLink {
  readonly #account: SignallingAccount
  readonly #client: MsrpClient
  readonly #clock: ClockPort
  #credentials: Credentials
  #opening: Promise<MsrpConnection | null> | null = null
  #restsUntil = 0
  #isStopped = false

  constructor(account: SignallingAccount, client: MsrpClient, clock: ClockPort) {
    this.#account = account
    this.#client = client
    this.#clock = clock
    this.#credentials = account.credentials
  }

  /** New secrets, pinned by the registration. */
  useCredentials(credentials: Credentials): void {
    this.#credentials = credentials
  }

  /** Whether there is a relay at all, used or resting. */
  get exists(): boolean {
    return relayAddressOf(this.#account) !== null
  }

  /** False while the relay rests, or where there is none. */
  get isUsable(): boolean {
    const isKnown = this.#credentials.realm !== null && relayAddressOf(this.#account) !== null
    return isKnown && !this.#isStopped && this.#clock.monotonic() >= this.#restsUntil
  }

  /** The network or the registration is new: what failed before may work now. */
  wake(): void {
    this.#restsUntil = 0
  }

  /** A fresh path for one session; null when the relay cannot be used. */
  async reserve(): Promise<ReservedPath | null> {
    if (!this.isUsable) return null
    const connection = await this.#connect()
    const reserved = connection === null ? null : await connection.reservePath()
    if (connection !== null && reserved?.ok === true) return { connection, path: reserved.value }
    this.#rest()
    return null
  }

  stop(): void {
    this.#isStopped = true
    void this.#opening?.then((connection) => connection?.close())
  }

  #connect(): Promise<MsrpConnection | null> {
    if (this.#opening !== null) return this.#opening
    const opening = this.#open()
    this.#opening = opening
    void opening.then((connection) =>
      connection?.onClosed(() => {
        if (this.#opening === opening) this.#opening = null
      }),
    )
    return opening
  }

  #rest(): void {
    this.#restsUntil = this.#clock.monotonic() + restMs
    const opening = this.#opening
    this.#opening = null
    void opening?.then((connection) => connection?.close())
  }

  async #open(): Promise<MsrpConnection | null> {
    const address = relayAddressOf(this.#account)
    const { username, realm, ha1Md5, ha1Sha256, strongest } = this.#credentials
    if (address === null || realm === null) return null
    const credentials = { username, realm, ha1Md5, ha1Sha256, strongest }
    const opened = await this.#client.connectRelay({ ...address, credentials })
    return opened.ok ? opened.value : null
  }
}
