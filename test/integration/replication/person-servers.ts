/** Real servers that a person's devices replicate through, on either store. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { wipe } from '#shared/bytes/bytes.ts'
import type { SottoError } from '#shared/errors.ts'
import { signUpTokenFileName } from '#shared/home/api.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { replicaAddressOf } from '#test/fakes/replica-client.ts'
import type { PersonServer } from '#test/fakes/replica-person.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import type { PostgresServer } from '#test/integration/replica/postgres-server.ts'

/** A server that runs until it is stopped, and can be started again where it was. */
export interface Started {
  readonly server: PersonServer
  /** Whether this HA1 is taken by its SIP server; null = it has none. */
  readonly signsIn: ((ha1Sha256: string | null) => Promise<boolean>) | null
  /** Changes the password of its SIP server, signed in with the one before; null = it has none. */
  readonly changesPassword: ((before: string, next: { readonly ha1Sha256: string }) => Promise<void>) | null
  restart(meanwhile: () => Promise<void>): Promise<void>
  end(): Promise<void>
}

/** Opened by the SIP password. */
export async function homeServer(): Promise<Started> {
  const directory = temporaryDirectory()
  const options = { domain: 'example.org' }
  let home = await startHome(directory.path, { options })
  const token = readFileSync(join(directory.path, signUpTokenFileName), 'utf8').trim()
  const { ha1Sha256, password } = await homeClient().signUp(addressOf(home), 'alice', { token })
  wipe(password)
  const { sip, msrp, spkiPins } = addressOf(home)
  const opening = { kind: 'digest', user: 'alice', domain: 'example.org', ha1Sha256 } as const
  return {
    server: {
      ...{ address: () => replicaAddressOf(home), opening, secrets: { ha1Sha256 } },
      sip: { server: sip.wss, msrpRelay: msrp.wss, spkiPins: [...spkiPins] },
    },
    signsIn: async (secret) => {
      const me = homeClient().me(addressOf(home), { user: 'alice', domain: 'example.org', ha1Sha256: secret ?? '' })
      return me.describe().then(
        () => true,
        (error: unknown) => (error as SottoError).code !== 'wrong-password',
      )
    },
    changesPassword: (ha1, next) =>
      homeClient().me(addressOf(home), { user: 'alice', domain: 'example.org', ha1Sha256: ha1 }).changePassword(next),
    restart: async (meanwhile) => {
      await home.stop()
      await meanwhile()
      home = await startHome(directory.path, { options })
    },
    end: async () => {
      await home.stop()
      directory.remove()
    },
  }
}

/** Opened by an invitation. */
export async function ownReplica(postgres: PostgresServer): Promise<Started> {
  const url = postgres.url(await postgres.schema())
  let world = await ReplicaWorld.start({ postgres: url })
  return {
    server: {
      ...{ address: () => world.address, opening: { kind: 'invitation', token: world.invite() } },
      ...{ sip: { server: null, msrpRelay: null, spkiPins: [] }, secrets: { ha1Sha256: 'a'.repeat(64) } },
    },
    // Whose SIP server it is, it does not know.
    signsIn: null,
    changesPassword: null,
    restart: async (meanwhile) => {
      const { directory, address } = world
      await world.stop()
      await meanwhile()
      world = await ReplicaWorld.start({ postgres: url, directory, port: address.port })
    },
    end: () => world.end(),
  }
}
