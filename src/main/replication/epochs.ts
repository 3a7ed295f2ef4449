/** Keeps the epoch keys of one account: fetches those of others, begins new ones in time, hands them out, destroys them when they are too old. */
import { equalBytes, wipe } from '#shared/bytes/bytes.ts'
import type { ChainState } from '#shared/identity/device-chain.ts'
import type { KnownChain, OwnDevice } from '#shared/identity/chain-ports.ts'
import { decodeLinkBody, decodeSignedLink } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ReplicaClientPort } from './client-ports.ts'
import type { EpochKeyring } from './epoch-keyring.ts'
import { epochCommitment, epochKeyBytes, epochMs, keyLifetimeMs, openEpochKey, sealEpochKey } from './epoch-keys.ts'
import { forgetEpochs, loadEpochs, saveEpochs } from './epoch-store.ts'
import type { ReplicaChainPort, ReplicaSecretsPort } from './service-ports.ts'

/** The key of an epoch that another device began may take so long to come; then a new one is begun. */
const keyWaitMs = 120_000

export interface EpochsParts {
  readonly account: Aor
  readonly client: Pick<ReplicaClientPort, 'addLink' | 'boxes' | 'putBoxes' | 'dropBoxesBefore'>
  readonly chains: Pick<ReplicaChainPort, 'learn' | 'sign'>
  readonly secrets: ReplicaSecretsPort
  readonly keyring: EpochKeyring
  readonly device: OwnDevice
  readonly clock: Pick<ClockPort, 'now'>
  readonly random: RandomPort
}

export class Epochs {
  readonly #parts: EpochsParts
  readonly #keys = new Map<number, Uint8Array>()
  #boxedFor = ''
  #hasCorrected = false

  constructor(parts: EpochsParts) {
    this.#parts = parts
  }

  /** Opens what this device holds already. */
  async load(): Promise<void> {
    const { keys, boxedFor } = await loadEpochs(this.#parts.secrets, this.#parts.account)
    this.#boxedFor = boxedFor
    for (const [epoch, key] of keys) this.#keys.set(epoch, key)
  }

  wipe(): void {
    wipe(...this.#keys.values())
    this.#keys.clear()
    this.#parts.keyring.wipe()
  }

  /** Forgets all keys, here and on the disk. */
  async erase(): Promise<void> {
    this.wipe()
    await forgetEpochs(this.#parts.secrets, this.#parts.account)
  }

  /** Boxes that a server had may be lost. */
  handOutAgain(): void {
    this.#boxedFor = ''
  }

  /** Whether the key of the newest epoch is here: without it nothing may be written. */
  mayWrite({ state }: Pick<KnownChain, 'state'>): boolean {
    return state.epoch > 0 && !state.epochIsDue && this.#isHeld(state, state.epoch)
  }

  /** The key that the chain names, not to be wiped; null where it is not here. */
  keyOf(state: ChainState, epoch: number): Uint8Array | null {
    return this.#isHeld(state, epoch) ? (this.#keys.get(epoch) ?? null) : null
  }

  /** Brings keys, boxes and epochs up to date with this chain, and returns it with what was added. */
  async refresh(chain: KnownChain): Promise<KnownChain> {
    await this.#fetch(chain.state)
    await this.#drop(chain.state)
    const now = chain.fork === null && this.#isDue(chain.state) ? await this.#begin(chain) : chain
    this.#fillKeyring(now.state)
    if (now.fork === null) await this.#handOut(now.state)
    return now
  }

  #isHeld({ epochs }: ChainState, epoch: number): boolean {
    const [key, named] = [this.#keys.get(epoch), epochs.get(epoch)]
    return key !== undefined && named !== undefined && Buffer.compare(epochCommitment(key), named.commitment) === 0
  }

  async #fetch(state: ChainState): Promise<void> {
    const { account, client, device } = this.#parts
    const wanted = [...state.epochs].filter(([epoch]) => !this.#isHeld(state, epoch) && !this.#isOver(state, epoch))
    if (wanted.length === 0) return
    const boxes = await client.boxes()
    for (const [epoch, { commitment }] of wanted) {
      for (const { box } of boxes.filter((candidate) => candidate.epoch === epoch)) {
        const key = openEpochKey(box, device.x25519, { account, epoch, commitment })
        if (key !== null) this.#keys.set(epoch, key)
      }
    }
    await this.#save()
  }

  /** Whether everything that an epoch sealed is older than anybody keeps it. */
  #isOver({ epochs }: ChainState, epoch: number): boolean {
    const end = epochs.get(epoch + 1)?.at
    return end !== undefined && end + keyLifetimeMs < this.#parts.clock.now()
  }

  async #drop(state: ChainState): Promise<void> {
    const over = [...this.#keys.keys()].filter((epoch) => this.#isOver(state, epoch))
    if (over.length === 0) return
    for (const epoch of over) {
      this.#keys.get(epoch)?.fill(0)
      this.#keys.delete(epoch)
      this.#parts.keyring.drop(epoch)
    }
    await this.#save()
    await this.#parts.client.dropBoxesBefore(Math.max(...over) + 1)
  }

  #isDue(state: ChainState): boolean {
    const began = state.epochs.get(state.epoch)?.at
    if (began === undefined || state.epochIsDue) return true
    const age = this.#parts.clock.now() - began
    if (age >= epochMs) return true
    // Where there is another device, its key may be on its way.
    if (!this.#isHeld(state, state.epoch) && (isAlone(state) || age >= keyWaitMs)) return true
    // Begun by a clock far ahead it would never end; once, since it may be this clock that is wrong.
    return age <= -epochMs && !this.#hasCorrected && (this.#hasCorrected = true)
  }

  /** The key is on the disk before anybody can hear of its epoch. */
  async #begin(chain: KnownChain): Promise<KnownChain> {
    const { account, client, chains, random } = this.#parts
    const epoch = chain.state.epoch + 1
    const known = this.#keys.get(epoch)
    // Begun before, and cut off; but not one that a branch which does not count has given to its devices.
    const isUnsaid = known !== undefined && !isNamed(chain.links, epochCommitment(known))
    const key = isUnsaid ? known : random.bytes(epochKeyBytes)
    this.#keys.set(epoch, key)
    await this.#save()
    const link = await chains.sign(account, { kind: 'epoch', epoch, commitment: epochCommitment(key) })
    // Another device was faster: its link comes with the next look at the chain.
    if ((await client.addLink(link, false)) === 'head-moved') return chain
    return chains.learn(account, [link])
  }

  #fillKeyring(state: ChainState): void {
    for (const [epoch, key] of this.#keys) if (this.#isHeld(state, epoch)) this.#parts.keyring.add(epoch, key)
  }

  /** Gives every device and the paper what this one has; whatever somebody gave them before stays. */
  async #handOut(state: ChainState): Promise<void> {
    if (this.#boxedFor === state.head) return
    const { account, client, random } = this.#parts
    const recipients = [...state.devices.values()]
      .filter(({ revokedAt }) => revokedAt === null)
      .map(({ keys }) => ({ recipient: keys.id, x25519: keys.x25519 }))
    const paper = { recipient: 'paper' as const, x25519: state.paper.x25519 }
    const held = [...this.#keys].filter(([epoch]) => this.#isHeld(state, epoch))
    const boxes = held.flatMap(([epoch, key]) =>
      [...recipients, paper].map(({ recipient, x25519 }) => {
        return { epoch, recipient, box: sealEpochKey(key, x25519, { account, epoch }, random) }
      }),
    )
    if (boxes.length > 0) await client.putBoxes(boxes)
    this.#boxedFor = state.head
    await this.#save()
  }

  #save(): Promise<void> {
    return saveEpochs(this.#parts.secrets, this.#parts.account, { keys: this.#keys, boxedFor: this.#boxedFor })
  }
}

function isAlone({ devices }: ChainState): boolean {
  return [...devices.values()].filter(({ revokedAt }) => revokedAt === null).length <= 1
}

/** Whether a link, on whichever branch, says that an epoch has this key. */
function isNamed(links: readonly Uint8Array[], commitment: Uint8Array): boolean {
  return links.some((link) => {
    const body = decodeLinkBody(decodeSignedLink(link).body)
    return body.kind === 'epoch' && equalBytes(body.commitment, commitment)
  })
}
