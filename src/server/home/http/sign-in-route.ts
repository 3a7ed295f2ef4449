import { answer, refusal } from '../../replica/http/answer.ts'
import type { MoreRoutes } from '../../replica/http/replica-routes.ts'
import { signedRoute, withShape } from '../../replica/http/signed-route.ts'
import type { AccountStore } from '../accounts/account-store.ts'
import type { MeService } from './me.ts'
import { signInRequest } from '#shared/home/api.ts'
import { aorDomain, aorUser } from '#shared/model/aor.ts'
import { storedAnswer } from '#shared/replication/api.ts'

const bodyBytes = 1024

export interface SignInPorts {
  readonly domain: string
  readonly accounts: Pick<AccountStore, 'exists' | 'ha1' | 'passwordEpoch' | 'raisePasswordEpoch'>
  readonly me: Pick<MeService, 'changePassword'>
}

/** `PUT /replica/sign-in`: a new password on the word of a device of the account: for who has lost the old one with their devices, or whose removed device may have changed it. */
export function signInRoutes({ domain, accounts, me }: SignInPorts): MoreRoutes {
  return (app, service) => {
    const handle = withShape(signInRequest, (secrets, { accepted: { account, chain } }) => {
      const user = aorUser(account)
      if (aorDomain(account) !== domain || !accounts.exists(user)) return Promise.resolve(refusal('not-found'))
      // A chain that was begun anew counts from the beginning.
      const taken = Math.min(accounts.passwordEpoch(user), chain.state.signInEpoch)
      if (secrets.epoch < taken) return Promise.resolve(refusal('older-sign-in'))
      // None is later than what the chain says: it would keep out those that are.
      const epoch = Math.min(secrets.epoch, chain.state.signInEpoch)
      // Each device says so after a removal: only the first one ends the connections.
      const isNew = accounts.ha1(user, domain, 'SHA-256') !== secrets.ha1Sha256
      if (isNew) me.changePassword(user, { ...secrets, epoch })
      else accounts.raisePasswordEpoch(user, epoch)
      return Promise.resolve(answer(storedAnswer, { kind: isNew ? 'stored' : 'repeated' }))
    })
    app.put('/sign-in', signedRoute(service, { use: 'write', most: bodyBytes, handle }))
  }
}
