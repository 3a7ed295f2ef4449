/** What the person says of an account's replication: where it is, and which list of devices counts. */
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { SottoError } from '#shared/errors.ts'
import { readInvitation } from '#shared/home/invitation.ts'
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

/**
 * The server, and what opens the account there, at `nowMs`. An invitation of a replica names the server and its key; at another address
 * that is typed, the key has to be the same. @throws SottoError `invalid-argument`, `invitation-invalid`.
 */
export function readQuestion(
  question: ServerQuestion,
  account: ReplicaAccount,
  nowMs: number,
): { readonly server: ReplicaAddress | null; readonly opening: OpeningSecret | null } {
  const typed = question.server === null ? null : parseServer(question.server)
  if (question.server !== null && typed === null) throw new SottoError('invalid-argument')
  if (question.invitation === null)
    return { server: typed === null ? null : { ...typed, spkiPins: [] }, opening: account.opening() }
  const { server, spkiPins, token } = readTokenOrInvitation(question.invitation.trim(), nowMs)
  const where = typed ?? server
  return { server: where === null ? null : { ...where, spkiPins }, opening: { kind: 'invitation', token } }
}

/** Without the key that the invitation named where an authority vouches for the server, too: it may get another one then. */
export async function serverToKeep(
  server: ReplicaAddress | null,
  { shownPins }: { readonly shownPins: (server: ReplicaAddress) => Promise<readonly string[]> },
): Promise<ReplicaAddress | null> {
  if (server === null || server.spkiPins.length === 0) return server
  const shown = await shownPins(server).catch(() => server.spkiPins)
  return { ...server, spkiPins: shown.length === 0 ? [] : server.spkiPins }
}

/** What a replica printed, or the bare token of a home server, which says nothing else. */
function readTokenOrInvitation(
  text: string,
  nowMs: number,
): { readonly server: ServerAddress | null; readonly spkiPins: readonly string[]; readonly token: Uint8Array } {
  const bare = fromBase64Url(text)
  if (bare !== null) return { server: null, spkiPins: [], token: bare }
  const { host, port, code, spkiSha256 } = readInvitation(text, nowMs)
  return { server: { host, port }, spkiPins: [Buffer.from(spkiSha256).toString('base64')], token: code }
}

/** @throws SottoError `replica-unknown`. */
export function addressOf(account: ReplicaAccount, { server }: ReplicaSettings): ReplicaAddress {
  const address = server ?? account.server()
  if (address === null) throw new SottoError('replica-unknown')
  return address
}
