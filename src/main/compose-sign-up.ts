/** Wires accounts on home servers. */
import { SottoError } from '#shared/errors.ts'
import { aorDomain, aorUser } from '#shared/model/aor.ts'
import type { HomeEndpoints, LocalAccount, LocalSignUpPort } from './accounts/accounts.ts'
import type { HomeServerAddress, HomeServerControl } from './home/port.ts'

/** The home server as the accounts feature needs it: always over WSS with its pinned key. */
export function localSignUp(home: HomeServerControl): LocalSignUpPort {
  return {
    signUp: async ({ user, invitation }): Promise<LocalAccount> => {
      const made = await home.signUp({ user, invitation })
      const { aor, password, local, server, ha1Sha256 } = made
      const me = home.me(server, { user: aorUser(aor), domain: aorDomain(aor), ha1Sha256 })
      const close = () => me.close().then(() => undefined)
      return { aor, password, transport: 'wss', ...endpointsOf(server), onThisComputer: local, close }
    },
    endpoints: async () => endpointsOf(await home.hold()),
    onMoved: (handler) => home.onRestarted((address) => handler(endpointsOf(address))),
  }
}

function endpointsOf(address: HomeServerAddress): HomeEndpoints {
  if (address.spkiPins.length === 0) throw new SottoError('home-server-failed')
  return { server: address.sip.wss, msrpRelay: address.msrp.wss, spkiPins: address.spkiPins }
}
