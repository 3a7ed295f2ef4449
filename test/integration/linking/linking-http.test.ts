/** Both ends of a linking over HTTPS, through the replica of a home server on loopback. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import { sealName } from '#main/keys/device-names.ts'
import { deviceKeysOf, newDeviceSeeds } from '#main/identity/link-author.ts'
import { signEd25519 } from '#main/keys/key-pairs.ts'
import { LinkingNewDevice } from '#main/linking/linking-new-device.ts'
import { LinkingOldDevice } from '#main/linking/linking-old-device.ts'
import { RendezvousRefused } from '#main/linking/link-words.ts'
import type { LinkParcel } from '#main/linking/parcel.ts'
import { rendezvousClient } from '#main/linking/rendezvous-client.ts'
import { newSlotKey, tokenHash } from '#main/linking/slot-opening.ts'
import type { ReplicaClientPort, RequestSignerPort } from '#main/replication/client-ports.ts'
import { ReplicaHttp } from '#main/replication/transport/replica-http.ts'
import type { HomeServer } from '#server/home/server.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { linkSignatureInput } from '#shared/identity/device-chain.ts'
import { maxPieceBytes } from '#shared/linking/rendezvous.ts'
import { encodeLinkBody, encodeSignedLink, type DeviceOffer } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import { genesis as genesisOf, hashOf, keysOf, namesKey, signerOf } from '#test/fakes/drawn-chain.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { plainAccount } from '#test/fakes/linking-world.ts'
import { clientPorts, codeOf, connectAs, replicaAddressOf, requestSigner } from '#test/fakes/replica-client.ts'

const account = 'sip:alice@sotto.home.arpa' as Aor
const genesis = genesisOf('old', account)
let directory: ReturnType<typeof temporaryDirectory>
let server: HomeServer
let old: ReplicaClientPort
let ports: ReplicaHttp[]

beforeEach(async () => {
  directory = temporaryDirectory()
  server = await startHome(directory.path)
  ports = []
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  const { password } = await homeClient().signUp(addressOf(server), 'alice', { token })
  const { domain } = server.endpoint
  old = connectAs('old', account, replicaAddressOf(server))
  await old.open(genesis, { kind: 'digest', user: 'alice', domain, ...digestSecrets('alice', domain, password) })
})
afterEach(async () => {
  for (const port of ports) port.close()
  old.close()
  await server.stop()
  directory.remove()
})

function client(signer: RequestSignerPort | null, of: string = account) {
  const http = new ReplicaHttp(replicaAddressOf(server), signer && { account: of, by: signer }, clientPorts())
  ports.push(http)
  return rendezvousClient(http)
}

function newDevice(took: LinkParcel[]) {
  const seeds = newDeviceSeeds(systemRandom)
  const keys = deviceKeysOf(seeds, 'second laptop')
  const linking = new LinkingNewDevice({
    ...{ account, clock: systemClock, random: systemRandom, client: client(null) },
    device: { keys, sign: (message) => signEd25519(seeds.ed25519, message) },
    take: (parcel) => {
      took.push(parcel)
      return Promise.resolve()
    },
  })
  return { linking, keys, signer: { by: keys.id, sign: (message: Uint8Array) => signEd25519(seeds.ed25519, message) } }
}

async function addDevice(
  { name, ...keys }: DeviceOffer,
  cosign: (body: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const previous = fromBase64Url(hashOf(genesis))!
  const device = { ...keys, name: sealName(namesKey, keys.id, name, systemRandom) }
  const body = encodeLinkBody({ version: 1, kind: 'add', previous, at: systemClock.now(), device })
  const { by, seed } = signerOf('old')
  const signatures = [
    { by, signature: signEd25519(seed, linkSignatureInput(body)) },
    { by: keys.id, signature: await cosign(body) },
  ]
  expect(await old.addLink(encodeSignedLink({ body, signatures }), false)).toBe('stored')
}

function oldDevice(): LinkingOldDevice {
  return new LinkingOldDevice({
    ...{ account, clock: systemClock, random: systemRandom, client: client(requestSigner('old')), addDevice },
    parcel: async () => ({
      ...{ identity: fromBase64Url(hashOf(genesis))!, links: [...((await old.links()) ?? [])], picked: [] },
      namesKey,
      ...{ account: { ...plainAccount, aor: account }, replica: null, settings: {}, transfer: null },
    }),
  })
}

test.each(['qr', 'code'] as const)('links a device by %s, which may then ask as one of the account', async (how) => {
  const took: LinkParcel[] = []
  const fresh = newDevice(took)
  const { qrText, code } = await fresh.linking.start()
  const finished = fresh.linking.finish()
  const linking = oldDevice()
  const offer = await (how === 'qr' ? linking.readQr(qrText) : linking.enterCode(code))
  expect(offer.name).toBe('second laptop')
  await linking.confirm()
  expect((await finished).account.aor).toBe(account)
  expect(took).toHaveLength(1)
  const heads = await client(fresh.signer).waiting()
  expect(heads).toEqual([])
})

test('a wrong code ends the attempt at both ends', async () => {
  const fresh = newDevice([])
  const { code } = await fresh.linking.start()
  const finished = codeOf(fresh.linking.finish())
  const wrong = code.startsWith('0') ? `1${code.slice(1)}` : `0${code.slice(1)}`
  expect(await codeOf(oldDevice().enterCode(wrong))).toBe('link-wrong-code')
  expect(await finished).toBe('link-wrong-code')
})

test('only a device of the account learns who waits, and joins', async () => {
  const { linking } = newDevice([])
  await linking.start()
  const stranger = client({ ...requestSigner('stranger'), by: keysOf('stranger').id })
  expect(await codeOf(stranger.waiting())).toBe('device-unknown')
  const [slot] = await client(requestSigner('old')).waiting()
  expect(await codeOf(stranger.join(slot!, tokenHash(systemRandom.bytes(32))))).toBe('device-unknown')
  linking.cancel()
})

test('passes pieces as large as they may be, and refuses larger ones and strangers', async () => {
  const [near, far] = [newSlotKey(systemRandom), systemRandom.bytes(32)]
  const source = client(requestSigner('old'))
  const opening = { kind: 'transfer' as const, account, near: tokenHash(near.token), far: tokenHash(far) }
  await source.open({ ...opening, slot: near.slot, generation: near.generation })
  const sink = client(null)
  const held = sink.take({ ...near, token: far }, 0, 10_000)
  const piece = systemRandom.bytes(maxPieceBytes)
  await source.put(near, 0, piece)
  expect(await held).toEqual(piece)
  expect(await sink.state({ slot: near.slot, token: far })).toMatchObject({ joined: true, next: 0 })
  expect(await problemOf(source.put(near, 1, systemRandom.bytes(maxPieceBytes + 1)))).toBe('too-large')
  expect(await problemOf(sink.take({ ...near, token: systemRandom.bytes(32) }, 0, 0))).toBe('not-found')
  expect(await problemOf(sink.put({ ...near, generation: systemRandom.bytes(8) }, 0, piece))).toBe('reset')
  await source.end(near, 'cancelled')
  expect(await problemOf(sink.take({ ...near, token: far }, 1, 0))).toBe('ended')
})

test('opens no transfer for who is no device, and none of another account', async () => {
  const key = newSlotKey(systemRandom)
  const opening = { ...key, kind: 'transfer' as const, near: tokenHash(key.token), far: tokenHash(key.slot) }
  const { token: _token, ...asked } = { ...opening, account }
  expect(await codeOf(client({ ...requestSigner('stranger') }).open(asked))).toBe('device-unknown')
  const other = client(requestSigner('old')).open({ ...asked, account: 'sip:bob@sotto.home.arpa' })
  expect(await problemOf(other)).toBe('malformed')
})

test('a server that stops does not wait for who waits', async () => {
  const { linking } = newDevice([])
  await linking.start()
  const finished = codeOf(linking.finish())
  // Long enough for both questions to be held back.
  await new Promise((resolve) => setTimeout(resolve, 300))
  await server.stop()
  linking.cancel()
  expect(await finished).toBe('cancelled')
})

async function problemOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (cause) {
    if (cause instanceof RendezvousRefused) return cause.problem
    throw cause
  }
}
