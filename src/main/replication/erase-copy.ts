/** What a replica holds of an account that is about to be closed at its server. */
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { Replicas } from './replicas.ts'

/** The server has no chain with this device. */
const nothingOfOurs: ReadonlySet<ErrorCode> = new Set(['device-unknown', 'replica-unknown', 'not-found'])

/** Erases it on this device's word, where that counts there; else the server says itself that it holds something. */
export async function eraseCopy(replicas: Pick<Replicas, 'switchOff'>, accountId: AccountId): Promise<void> {
  try {
    await replicas.switchOff({ accountId, erase: true })
  } catch (error) {
    if (!(error instanceof SottoError) || !nothingOfOurs.has(error.code)) throw error
  }
}
