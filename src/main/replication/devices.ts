/** Changes to the list of an account's devices: signed here, stored at the server first, then kept. */
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { ChainChange, KnownChain } from '#shared/identity/chain-ports.ts'
import type { DeviceOffer, LinkSignature } from '#shared/model/device-link.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import type { OpenReplica } from './open-replica.ts'
import type { JoiningChainPort } from './service-ports.ts'

/** Another device may change the chain at the same moment. */
const tries = 5

export interface DeviceChangeParts {
  readonly account: Aor
  readonly open: OpenReplica
  readonly chains: JoiningChainPort
}

export async function renameDevice(parts: DeviceChangeParts, device: DeviceId, name: string): Promise<void> {
  await extend(parts, () => ({ kind: 'rename', target: idOf(parts, device), name }))
}

/** Everything of the device that was read here counts, nothing that comes after it; a new epoch shuts it out. */
export async function revokeDevice(parts: DeviceChangeParts, device: DeviceId): Promise<void> {
  const { open } = parts
  const target = idOf(parts, device)
  if (equalBytes(target, open.device.id)) throw new SottoError('invalid-argument')
  const place = open.journal.places().find((candidate) => equalBytes(candidate.device, target))
  const last = place === undefined ? { seq: 0, hash: new Uint8Array(32) } : { seq: place.seq, hash: place.hash }
  await extend(parts, () => ({ kind: 'revoke', target, last }))
  await open.look()
}

/** Settles a forked chain by a link that `sign` makes: every device goes on along its branch. */
export async function pickBranch(parts: DeviceChangeParts, sign: (account: Aor) => Promise<Uint8Array>): Promise<void> {
  await store(parts, () => sign(parts.account))
}

/** Adds a device whose signature `join` brings for the body it is shown; it has its keys when this resolves. */
export async function addDevice(
  parts: DeviceChangeParts,
  device: DeviceOffer,
  join: (body: Uint8Array) => Promise<LinkSignature>,
): Promise<KnownChain> {
  const { account, chains, open } = parts
  const chain = await store(parts, async () => {
    const body = await chains.bodyToAdd(account, device)
    return chains.signWith(account, body, await join(body))
  })
  await open.look()
  return chain
}

function extend(parts: DeviceChangeParts, change: () => ChainChange): Promise<KnownChain> {
  return store(parts, () => parts.chains.sign(parts.account, change()))
}

async function store(
  { account, open, chains }: DeviceChangeParts,
  make: () => Promise<Uint8Array>,
): Promise<KnownChain> {
  for (let tried = 0; tried < tries; tried += 1) {
    const link = await make()
    if ((await open.client.addLink(link, false)) === 'stored') {
      const chain = await chains.learn(account, [link])
      open.took(chain)
      return chain
    }
    await open.look()
  }
  throw new SottoError('busy')
}

function idOf({ open }: DeviceChangeParts, device: DeviceId): Uint8Array {
  const id = open.chain.state.devices.get(device)?.revokedAt === null ? fromBase64Url(device) : null
  if (id === null) throw new SottoError('not-found')
  return id
}
