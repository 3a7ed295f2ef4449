/** Our home server for real phones: the domain, the users and the passwords are those of Kamailio. */
import { readFileSync } from 'node:fs'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { kamailioDomain } from '../kamailio.ts'
import type { Access } from './caller.ts'
import type { PhoneOptions, PhoneTransport } from './phone.ts'

export interface HomePlace {
  /** Where a phone signs in. */
  at(transport: PhoneTransport): Pick<PhoneOptions, 'port' | 'transport' | 'authorityPem'>
  /** How our side signs in. */
  access(transport: Access['transport']): Access
  /** The password for a user's phones that know MD5 alone. */
  letPhonesIn(user: string): string
  stop(): Promise<void>
}

export const echoAor = `sip:echo@${kamailioDomain}`

export async function startHomePlace(): Promise<HomePlace> {
  const directory = temporaryDirectory()
  const server = await startHome(directory.path, { options: { domain: kamailioDomain } })
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  const { sip, msrp, spkiPins } = addressOf(server)
  for (const user of ['alice', 'bob', 'carol']) {
    const made = await homeClient().signUp(addressOf(server), user, { token })
    const secrets = digestSecrets(user, kamailioDomain, Buffer.from(`${user}pw`))
    const credentials = { user, domain: kamailioDomain, ha1Sha256: made.ha1Sha256 }
    await homeClient().me(addressOf(server), credentials).changePassword(secrets)
  }
  const { ports } = server.endpoint
  const portOf = { udp: ports.sipUdp, tcp: ports.sipTcp, tls: ports.sipTls }
  return {
    at: (transport) => ({
      ...{ transport, port: portOf[transport] },
      authorityPem: readFileSync(`${directory.path}/tls-certificate.pem`, 'utf8'),
    }),
    access: (transport) => ({
      ...{ transport, server: sip[transport], msrpRelay: msrp[transport], spkiPins },
      extraAuthorities: [],
    }),
    letPhonesIn: (user) => {
      const password = server.letPhonesIn(user)
      if (password === null) throw new Error(`no user ${user}`)
      return password
    },
    stop: async () => {
      await server.stop()
      directory.remove()
    },
  }
}
