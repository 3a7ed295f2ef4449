/** What the person says of an account's replication: where it is, and which list of devices counts. */
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { SottoError } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import { parseServer, type ServerAddress } from '#shared/model/server-address.ts'
import type { OpeningSecret, ReplicaAddress } from './client-ports.ts'
import type { ReplicaSettings } from './replication-record.ts'
import type { ReplicaAccount } from './service-ports.ts'

/** What the person typed about a server; null = nothing. */
export interface ServerQuestion {
  readonly accountId: AccountId
  readonly server: string | null
  readonly invitation: string | null
}

/** Which way a forked chain goes on, and on whose word. */
export interface BranchPick {
  readonly accountId: AccountId
  readonly branch: string
  readonly words: Uint8Array | null
}

/** The server, and what opens the account there. @throws SottoError `invalid-argument`, `invitation-invalid`. */
export function readQuestion(
  question: ServerQuestion,
  account: ReplicaAccount,
): { readonly server: ServerAddress | null; readonly opening: OpeningSecret | null } {
  const server = question.server === null ? null : parseServer(question.server)
  if (question.server !== null && server === null) throw new SottoError('invalid-argument')
  const invitation = question.invitation === null ? null : fromBase64Url(question.invitation.trim())
  if (question.invitation !== null && invitation === null) throw new SottoError('invitation-invalid')
  return { server, opening: invitation === null ? account.opening() : { kind: 'invitation', token: invitation } }
}

/** @throws SottoError `replica-unknown`. */
export function addressOf(account: ReplicaAccount, { server }: ReplicaSettings): ReplicaAddress {
  const address = server === null ? account.server() : { ...server, spkiPins: [] }
  if (address === null) throw new SottoError('replica-unknown')
  return address
}
