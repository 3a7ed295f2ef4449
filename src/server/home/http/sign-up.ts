import type { AccountStore } from '../accounts/account-store.ts'
import type { InvitationStore } from '../accounts/invitation-store.ts'
import { sameSecret } from '../accounts/sign-up-token.ts'
import type { HomeDatabase } from '../data-dir/database.ts'
import type { ProblemCode, SignUpRequest } from '#shared/home/api.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { err, type Result } from '#shared/result.ts'

/** Thrown inside the transaction so that a refused sign-up does not use up its invitation. */
class SignUpRefused extends Error {
  readonly problem: ProblemCode

  constructor(problem: ProblemCode) {
    super(problem)
    this.problem = problem
  }
}

/** Makes an account for whoever shows the owner's token or an open invitation. */
export function signUp(
  request: SignUpRequest,
  ports: {
    readonly database: HomeDatabase
    readonly accounts: AccountStore
    readonly invitations: InvitationStore
    readonly token: string
  },
): Result<null, ProblemCode> {
  try {
    return ports.database.sql.transaction(() => {
      if (request.invitation !== undefined) {
        const code = fromBase64Url(request.invitation)
        if (code === null || !ports.invitations.redeem(code)) return err('invitation-invalid' as const)
      } else if (request.token === undefined || !sameSecret(request.token, ports.token)) {
        return err('token-wrong' as const)
      }
      const created = ports.accounts.create(request.user, request)
      if (!created.ok) throw new SignUpRefused(created.error)
      return created
    })()
  } catch (cause) {
    if (cause instanceof SignUpRefused) return err(cause.problem)
    throw cause
  }
}
