/** Makes the device chain that is known here and the one that a server keeps the same. */
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { KnownChain } from '#shared/identity/chain-ports.ts'
import { linksInOrder } from '#shared/identity/link-order.ts'
import type { Aor } from '#shared/model/ids.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'
import type { OpeningSecret, ReplicaClientPort } from './client-ports.ts'
import type { ReplicaChainPort } from './service-ports.ts'

export interface ChainSyncParts {
  readonly account: Aor
  readonly client: Pick<ReplicaClientPort, 'links' | 'open' | 'addLink'>
  readonly chains: Pick<ReplicaChainPort, 'known' | 'learn'>
  /** How to open the account where it has no chain yet; `joined` = it had one: somebody has erased it since. */
  readonly opening: OpeningSecret | 'joined' | null
  /** The server had nothing of the account, and has its chain now. */
  readonly onOpened?: () => void
  /** Hears that the server lacked links: one that went back to a backup lacks boxes, too. */
  readonly lacking?: () => void
}

/**
 * Learns what the server has, and gives it what it has not; what is returned may be forked.
 * @throws SottoError `replica-gone` where there is no chain any more, `replica-needs-linking` where the account belongs to another identity, or does not have this device.
 */
export async function syncChain(parts: ChainSyncParts): Promise<KnownChain> {
  const { account, client, chains } = parts
  const stored = (await client.links()) ?? (await openAccount(parts))
  const own = (await chains.known(account))?.links[0]
  if (own === undefined || !stored.some((link) => equalBytes(link, own))) throw new SottoError('replica-needs-linking')
  const known = await chains.learn(account, stored)
  await giveMissing(parts, known, stored)
  return known
}

async function openAccount({
  account,
  client,
  chains,
  opening,
  onOpened,
}: ChainSyncParts): Promise<readonly Uint8Array[]> {
  if (opening === 'joined') throw new SottoError('replica-gone')
  const known = await chains.known(account)
  const [genesis, ...more] = known === null ? [] : linksUpTo(known)
  if (genesis === undefined || opening === null) throw new SottoError('replica-needs-linking')
  if ((await client.open(genesis, opening, more)) === 'open') throw new SottoError('replica-needs-linking')
  onOpened?.()
  return (await client.links()) ?? [genesis]
}

/** The chain from link 0 to its head, or to where it forks: a server that has nothing of it takes it from any of its devices. */
function linksUpTo({ links, state }: KnownChain): readonly Uint8Array[] {
  const places = new Map(linksInOrder(links, nodeVerifier).map((link) => [link.place.hash, link]))
  const path: Uint8Array[] = []
  for (let link = places.get(state.head); link !== undefined; link = places.get(link.place.previous))
    path.push(link.bytes)
  return path.reverse()
}

/** What others cannot know yet: links that were made here, or that a server lost. */
async function giveMissing(
  { client, lacking }: ChainSyncParts,
  known: KnownChain,
  stored: readonly Uint8Array[],
): Promise<void> {
  const there = new Set(stored.map(toBase64Url))
  const extended = new Set(linksInOrder(stored, nodeVerifier).map(({ place }) => place.previous))
  for (const { bytes, place } of linksInOrder(known.links, nodeVerifier)) {
    if (there.has(toBase64Url(bytes))) continue
    lacking?.()
    // One that stands beside another is in use already: every device has to see both.
    await client.addLink(bytes, extended.has(place.previous))
  }
}
