import type { KnownChain } from '#shared/identity/chain-ports.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ReplicaClientPort } from './client-ports.ts'
import { epochCommitment, epochKeyBytes } from './epoch-keys.ts'
import { loadEpochs, saveEpochs } from './epoch-store.ts'
import type { ReplicaChainPort, ReplicaSecretsPort } from './service-ports.ts'

export interface BeginEpochParts {
  readonly account: Aor
  readonly client: Pick<ReplicaClientPort, 'addLink'>
  readonly chains: Pick<ReplicaChainPort, 'learn' | 'sign'>
  readonly secrets: ReplicaSecretsPort
  readonly random: RandomPort
}

/** A new epoch of an account that does not run here; its key is on the disk before anybody can hear of it. Another device may be faster. */
export async function beginEpoch(parts: BeginEpochParts, { state }: KnownChain): Promise<void> {
  const { account, client, chains, secrets, random } = parts
  const { keys } = await loadEpochs(secrets, account)
  const [epoch, key] = [state.epoch + 1, random.bytes(epochKeyBytes)]
  const all = new Map([...keys, [epoch, key]])
  try {
    await saveEpochs(secrets, account, { keys: all, boxedFor: '' })
    const link = await chains.sign(account, { kind: 'epoch', epoch, commitment: epochCommitment(key) })
    if ((await client.addLink(link, false)) === 'stored') await chains.learn(account, [link])
  } finally {
    for (const each of [...all.values(), ...keys.values()]) each.fill(0)
  }
}
