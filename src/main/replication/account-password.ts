/** The SIP password of an account at a home server, after a device was removed: out of the key of the epoch that shuts it out. */
import { hkdfSync } from 'node:crypto'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import type { ChainState } from '#shared/identity/device-chain.ts'
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ReplicaClientPort } from './client-ports.ts'
import type { AccountPasswordPort } from './service-ports.ts'

const label = utf8('sotto/v1/sip-password\0')
const passwordBytes = 24

/** The password that goes with an epoch, 192 bits in base64url as UTF-8, the caller's to wipe: whoever has the epoch's key has it. */
export function epochPassword(key: Uint8Array, account: Aor): Uint8Array {
  const derived = new Uint8Array(
    hkdfSync('sha256', key, new Uint8Array(), concatBytes(label, utf8(account)), passwordBytes),
  )
  try {
    return Buffer.from(toBase64Url(derived))
  } finally {
    derived.fill(0)
  }
}

export interface AccountPasswordParts {
  readonly account: Aor
  readonly passwords: AccountPasswordPort
  readonly client: Pick<ReplicaClientPort, 'giveSignIn'>
  readonly log: LogPort
}

/**
 * Gives the account the password of {@link ChainState.signInEpoch}, unless it is in use here. Any device may, at any time and more than
 * once: it is the same password. Never rejects.
 * @param isLost - The server went back to before it may have taken it: it is given again, though it is in use here.
 * @param keyOf - Key of an epoch, null where this device does not have it.
 * @returns whether a removed device can still sign in.
 */
export async function renewPassword(
  { account, passwords, client, log }: AccountPasswordParts,
  { signInEpoch: epoch, isLost = false }: Pick<ChainState, 'signInEpoch'> & { readonly isLost?: boolean },
  keyOf: (epoch: number) => Uint8Array | null,
): Promise<boolean> {
  const current = passwords.epochOf(account)
  if (current === null || epoch === 0) return false
  const key = keyOf(epoch)
  if (key === null) return current < epoch
  const password = epochPassword(key, account)
  try {
    // The number alone says it of no chain that was begun anew, and of no branch that does not count any more.
    if (!isLost && current >= epoch && passwords.isInUse(account, password)) return false
    await passwords.change(account, { password, epoch }, (secrets) => client.giveSignIn(secrets))
    return false
  } catch (error) {
    log.warn('replication.password-not-changed', { code: error instanceof SottoError ? error.code : 'internal' })
    return true
  } finally {
    password.fill(0)
  }
}
