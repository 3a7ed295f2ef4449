/** Wires accounts on home servers. */
import { SottoError } from '#shared/errors.ts'
import { aorDomain, aorUser } from '#shared/model/aor.ts'
import { serverOfUrl } from '#shared/model/server-address.ts'
import type { AccountRecord } from './accounts/account-record.ts'
import type { HomeEndpoints, LocalAccount, LocalSignUpPort } from './accounts/ports.ts'
import type { HomeMe, HomeServerAddress, HomeServerControl } from './home/port.ts'

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

/** What an account can do at its home server, signed in with `ha1Sha256`; null where its server is none. */
export function homeMeOf(
  home: Pick<HomeServerControl, 'me'>,
  record: Pick<AccountRecord, 'aor' | 'username' | 'server' | 'msrpRelay' | 'spkiPins'>,
  ha1Sha256: string | null,
): HomeMe | null {
  const { aor, username: user, spkiPins } = record
  const https = ha1Sha256 === null ? null : homeServerOf(record)
  if (https === null || ha1Sha256 === null) return null
  return home.me({ https, spkiPins }, { user, domain: aorDomain(aor), ha1Sha256 })
}

/** Where the home server of an account is; null where its server is none. */
export function homeServerOf({
  server,
  msrpRelay,
  spkiPins,
}: Pick<AccountRecord, 'server' | 'msrpRelay' | 'spkiPins'>): ReturnType<typeof serverOfUrl> {
  // Home servers alone relay MSRP under a key that is pinned from the start.
  return server === null || msrpRelay === null || spkiPins.length === 0 ? null : serverOfUrl(server)
}

function endpointsOf(address: HomeServerAddress): HomeEndpoints {
  if (address.spkiPins.length === 0) throw new SottoError('home-server-failed')
  return { server: address.sip.wss, msrpRelay: address.msrp.wss, spkiPins: address.spkiPins }
}
