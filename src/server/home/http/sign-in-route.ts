import { answer, refusal } from '../../replica/http/answer.ts'
import type { MoreRoutes } from '../../replica/http/replica-routes.ts'
import { signedRoute, withShape } from '../../replica/http/signed-route.ts'
import type { AccountStore } from '../accounts/account-store.ts'
import type { MeService } from './me.ts'
import { passwordRequest } from '#shared/home/api.ts'
import { aorDomain, aorUser } from '#shared/model/aor.ts'
import { storedAnswer } from '#shared/replication/api.ts'

const bodyBytes = 1024

export interface SignInPorts {
  readonly domain: string
  readonly accounts: Pick<AccountStore, 'exists'>
  readonly me: Pick<MeService, 'changePassword'>
}

/** `PUT /replica/sign-in`: a new password on the word of a device of the account, for who has lost the old one with their devices. */
export function signInRoutes({ domain, accounts, me }: SignInPorts): MoreRoutes {
  return (app, service) => {
    const handle = withShape(passwordRequest, (secrets, { accepted: { account } }) => {
      const user = aorUser(account)
      if (aorDomain(account) !== domain || !accounts.exists(user)) return Promise.resolve(refusal('not-found'))
      me.changePassword(user, secrets)
      return Promise.resolve(answer(storedAnswer, { kind: 'stored' }))
    })
    app.put('/sign-in', signedRoute(service, { use: 'write', most: bodyBytes, handle }))
  }
}
