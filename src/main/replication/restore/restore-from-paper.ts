/** Makes this a device of an account of which only the paper secret is left: checks its chain, joins it, fetches the keys of its history. */
import { wipe } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { OwnDevice, PaperInUse } from '#shared/identity/chain-ports.ts'
import type { ChainState } from '#shared/identity/device-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ConnectReplica, ReplicaAddress, ReplicaClientPort, SealedEpochKey } from '../client-ports.ts'
import { epochCommitment, epochKeyBytes, openEpochKey } from '../epoch-keys.ts'
import { saveEpochs } from '../epoch-store.ts'
import type { DeviceSeedsInUse, ReplicaSecretsPort, RestoringChainPort } from '../service-ports.ts'
import { chainOfPaper, demandPicked, namesKeyOf, PaperChainForked, type PaperChain } from './paper-chain.ts'

export interface RestorePorts {
  readonly connect: ConnectReplica
  readonly chains: RestoringChainPort
  readonly secrets: ReplicaSecretsPort
  readonly random: RandomPort
}

export interface RestoreRequest {
  readonly account: Aor
  readonly address: ReplicaAddress
  readonly paper: PaperInUse
  /** Of a chain in two versions, the last link of the one that counts; null = nobody said. */
  readonly branch: string | null
  /** Ends it as long as the server has not got this device. */
  readonly signal: AbortSignal
}

/** Another device may change the chain at the same moment. */
const tries = 5

/**
 * Resolves with the chain that has this device, once identity and keys are durable here.
 * @throws SottoError `restore-nothing`, `restore-other-identity`, {@link PaperChainForked}, `restore-pick-gone`, `cancelled`, and what keeps a server from being reached.
 */
export async function restoreFromPaper(ports: RestorePorts, request: RestoreRequest): Promise<PaperChain> {
  const { seeds, device } = ports.chains.newDevice()
  try {
    const chain = await joinByPaper(ports, request, device)
    return await takeOver(ports, request, { chain, device, seeds })
  } finally {
    device.wipe()
    wipe(seeds.ed25519, seeds.x25519, seeds.omemo)
  }
}

/** The chain with this device in it, as the server has it. */
async function joinByPaper(ports: RestorePorts, request: RestoreRequest, device: OwnDevice): Promise<PaperChain> {
  const { account, paper } = request
  const signer = { by: 'paper' as const, sign: (message: Uint8Array) => paper.sign(message) }
  return withClient(ports, { ...request, by: signer }, async (client) => {
    for (let tried = 0; tried < tries; tried += 1) {
      const links = await client.links()
      if (links === null) throw new SottoError('restore-nothing')
      const chain = chainOfPaper(links, account, paper)
      if (request.signal.aborted) throw new SottoError('cancelled')
      if (chain.fork !== null) {
        await client.addLink(pickLink(ports, request, chain), false)
        continue
      }
      demandPicked(chain, request.branch)
      const link = addedByPaper(ports, request, { chain, device })
      if ((await client.addLink(link, false)) === 'stored') return joined([...links, link], request)
    }
    throw new SottoError('busy')
  })
}

function addedByPaper(
  { chains }: RestorePorts,
  { account, paper }: RestoreRequest,
  { chain, device }: { readonly chain: PaperChain; readonly device: OwnDevice },
): Uint8Array {
  const namesKey = namesKeyOf(chain, account, paper)
  try {
    return chains.addedByPaper(chain.state, device, { paper, namesKey })
  } finally {
    wipe(namesKey)
  }
}

function pickLink({ chains }: RestorePorts, { branch, paper }: RestoreRequest, chain: PaperChain): Uint8Array {
  const chosen = chain.branches.find(({ state }) => state.head === branch)
  if (chosen === undefined) throw new PaperChainForked(chain)
  return chains.pickedByPaper(chosen, paper)
}

function joined(links: readonly Uint8Array[], { account, paper, branch }: RestoreRequest): PaperChain {
  const chain = chainOfPaper(links, account, paper)
  if (chain.fork !== null) throw new PaperChainForked(chain)
  demandPicked(chain, branch)
  return chain
}

interface Joined {
  readonly chain: PaperChain
  readonly device: OwnDevice
  readonly seeds: DeviceSeedsInUse
}

async function takeOver(ports: RestorePorts, request: RestoreRequest, joined: Joined): Promise<PaperChain> {
  const { account, paper } = request
  const { device, seeds, chain } = joined
  const signer = { by: device.id, sign: (message: Uint8Array) => device.sign(message) }
  return withClient(ports, { account, address: request.address, by: signer }, async (client) => {
    const keys = openedKeys(await client.boxes('paper'), { account, paper, state: chain.state })
    const next = { epoch: chain.state.epoch + 1, key: ports.random.bytes(epochKeyBytes) }
    const namesKey = namesKeyOf(chain, account, paper)
    keys.set(next.epoch, next.key)
    try {
      // The keys first: an identity without them could not read what it restores, and would not ask again.
      await saveEpochs(ports.secrets, account, { keys, boxedFor: '' })
      await ports.chains.join(account, { identity: chain.state.identity, links: chain.links, seeds, namesKey })
      return await beginEpoch(ports, client, { account, chain, ...next })
    } finally {
      wipe(namesKey, ...keys.values())
    }
  })
}

/** Whatever the server put among the boxes, only keys that the chain names come out. */
function openedKeys(
  boxes: readonly SealedEpochKey[],
  { account, paper, state }: { readonly account: Aor; readonly paper: PaperInUse; readonly state: ChainState },
): Map<number, Uint8Array> {
  const keys = new Map<number, Uint8Array>()
  for (const { epoch, box } of boxes) {
    const commitment = state.epochs.get(epoch)?.commitment
    if (commitment === undefined || keys.has(epoch)) continue
    const key = openEpochKey(box, paper.x25519, { account, epoch, commitment })
    if (key !== null) keys.set(epoch, key)
  }
  return keys
}

/** What is said from now on is sealed with a key that was made here. Where that fails, or another device was faster, the next look sees to it. */
async function beginEpoch(
  { chains }: RestorePorts,
  client: Pick<ReplicaClientPort, 'addLink'>,
  begun: { readonly account: Aor; readonly chain: PaperChain; readonly epoch: number; readonly key: Uint8Array },
): Promise<PaperChain> {
  const { account, chain, epoch, key } = begun
  const link = await chains.sign(account, { kind: 'epoch', epoch, commitment: epochCommitment(key) })
  const answer = await client.addLink(link, false).catch(() => 'failed' as const)
  return answer === 'stored' ? await chains.learn(account, [link]) : chain
}

interface Connection extends Pick<RestoreRequest, 'account' | 'address'> {
  readonly by: Parameters<ConnectReplica>[2]
  readonly signal?: AbortSignal
}

/** A connection of its own, which ends when the person cancels. */
async function withClient<T>(
  { connect }: RestorePorts,
  { account, address, by, signal }: Connection,
  use: (client: ReplicaClientPort) => Promise<T>,
): Promise<T> {
  if (signal?.aborted === true) throw new SottoError('cancelled')
  const client = connect(account, address, by)
  const close = (): void => client.close()
  signal?.addEventListener('abort', close)
  try {
    return await use(client)
  } finally {
    signal?.removeEventListener('abort', close)
    close()
  }
}
