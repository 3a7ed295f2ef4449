/** Whether heads that came directly are what another device of the account sealed and signed (pure). */
import { equalBytes } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { VerifierPort } from '#shared/ports/verifier.ts'
import { decodeHeads, decodeStatement, headsSignatureInput, type HeadsStatement } from '#shared/replication/heads.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { HeadsDevices, HeadsSealing } from './heads-ports.ts'

/**
 * Why heads are not taken. `own`: this device sent them. `unknown-device`: the chain may still have it. `no-key`: signed by a device, its key may still
 * come. All else is nobody's word.
 */
export type HeadsRefusal =
  'malformed' | 'own' | 'unknown-device' | 'removed-device' | 'no-key' | 'not-sealed' | 'forged'

export interface HeadsCheck {
  readonly account: string
  readonly devices: HeadsDevices
  readonly sealing: Pick<HeadsSealing, 'openHeads'>
  readonly crypto: Pick<VerifierPort, 'verify'>
}

/** The statement, where a device that was not removed has signed it; whether it is new is not judged. */
export function checkHeads(
  bytes: Uint8Array,
  { account, devices, sealing, crypto }: HeadsCheck,
): Result<HeadsStatement, HeadsRefusal> {
  try {
    const heads = decodeHeads(bytes)
    const { device, epoch, front, sealed, signature } = heads
    if (equalBytes(device, devices.own)) return err('own')
    const key = devices.keyOf(device)
    if (key === null) return err(devices.isListed(device) ? 'removed-device' : 'unknown-device')
    if (!crypto.verify(key, headsSignatureInput(heads), signature)) return err('forged')
    const content = sealing.openHeads(epoch, front, sealed)
    if (content === 'no-key') return err('no-key')
    if (content === null) return err('not-sealed')
    const statement = decodeStatement(content)
    const isMeant = statement.account === account && equalBytes(statement.device, device) && statement.epoch === epoch
    return isMeant ? ok(statement) : err('forged')
  } catch (error) {
    if (error instanceof ProtocolError) return err('malformed')
    throw error
  }
}
