import type { DigestAlgorithm } from '#protocol/sip/digest.ts'
import type { SipHeader } from '#protocol/sip/message.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { Result } from '#shared/result.ts'
import type { ProxyLimits } from './limits.ts'

/** The users of the domain; user names are unescaped and in lower case. */
export interface AccountsPort {
  exists(user: string): boolean
  /** HA1 in lower-case hex (RFC 7616 §3.4.2), or null where there is none for this algorithm: MD5 is for old phones, where let in. */
  ha1(user: string, realm: string, algorithm: DigestAlgorithm): string | null
}

/** A MESSAGE kept for a device that was not there; enough to send it again unchanged but for the hop-by-hop headers. */
export interface StoredMessage {
  readonly from: Aor
  /** The From header's value as sent, without its tag. */
  readonly fromHeader: string
  readonly to: Aor
  readonly callId: string
  /** Milliseconds; becomes the `Date` of the copy (RFC 3428 §7). */
  readonly receivedAt: number
  /** End-to-end headers worth keeping: Content-Type, Content-Encoding, Subject, In-Reply-To, Expires … */
  readonly headers: readonly SipHeader[]
  readonly body: Uint8Array
}

/**
 * Keeps messages per device. A device is its `+sip.instance` value (`urn:uuid:…`); the one device of a user that sends no
 * instance is the empty string.
 */
export interface MailboxPort {
  /** Devices of the user seen in the last 60 days, sorted as the port likes. */
  devices(user: string): readonly string[]
  /** A device registered just now; called on every successful REGISTER that adds or refreshes a binding. */
  deviceSeen(user: string, instance: string): void
  /**
   * Resolves when the copies are durable, with an id for `forget`. Each listed device gets the message once; an empty
   * list means the user has never had a device: the first one to register gets it. Same (from, callId) for the same
   * device is stored once.
   */
  store(
    user: string,
    instances: readonly string[],
    message: StoredMessage,
  ): Promise<Result<string, 'mailbox-full' | 'mailbox-failed'>>
  /** A device took the message after all (its 2xx came late): its copy is not needed. */
  forget(user: string, instance: string, id: string): void
}

export interface ProxyPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly accounts: AccountsPort
  readonly mailbox: MailboxPort
  /** Domain and digest realm, lower case. */
  readonly domain: string
  /** Further host names or literal addresses that mean this server; Request-URIs to them count as the domain's. */
  readonly aliases?: readonly string[]
  readonly limits?: Partial<ProxyLimits>
}
