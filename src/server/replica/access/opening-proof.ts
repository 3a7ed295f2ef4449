import type { DigestOutcome } from '../../home/http/digest.ts'
import type { Aor } from '#shared/model/ids.ts'

/** Answers to SIP digest over HTTP (`home/http/digest.ts`). */
export interface DigestPort {
  verify(header: string | undefined, method: string, target: string): DigestOutcome | Promise<DigestOutcome>
}

/** Tokens that let somebody with an account at another SIP provider in. */
export interface InvitationPort {
  /** Uses a token up for this account; true again for the same account, so that a request cut off in the middle can be repeated. */
  redeem(token: Uint8Array, account: Aor): Promise<boolean>
  /** Whether a token was made, or used, for this account and no other; uses nothing up. */
  isOf(token: Uint8Array, account: Aor): Promise<boolean>
}

/** How a token is taken: any that is left opens an empty account; what is held already, only one of its own touches. */
export type TokenUse = keyof InvitationPort

/** How somebody shows that an account without a chain is theirs. */
export type OpeningProof =
  | { readonly kind: 'digest'; readonly header: string | undefined }
  | { readonly kind: 'invitation'; readonly token: Uint8Array }

/** A request that no device signed, as far as it says whose it is. */
export interface Shown {
  readonly account: Aor
  readonly proof: OpeningProof
  readonly method: string
  readonly target: string
}

export interface ProofPorts {
  readonly digest: DigestPort
  /** Address of a user whom digest proved. */
  readonly accountOf: (user: string) => Aor
  readonly invitations: InvitationPort
}

/** Null where the account is theirs; `missing`, `stale`: a digest answer to a (new) challenge is needed. */
export async function refuseProof(
  { account, proof, method, target }: Shown,
  { digest, invitations, accountOf }: ProofPorts,
  use: TokenUse,
): Promise<'missing' | 'stale' | 'wrong' | null> {
  if (proof.kind === 'invitation') return (await invitations[use](proof.token, account)) ? null : 'wrong'
  const proven = await digest.verify(proof.header, method, target)
  if ('refused' in proven) return proven.refused
  return accountOf(proven.user) === account ? null : 'wrong'
}
