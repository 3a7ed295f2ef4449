import type { ChainMark, ChainStore } from './chain-store.ts'
import { linkHash } from '#shared/identity/device-chain.ts'
import { readChain, type ChainReading } from '#shared/identity/read-chain.ts'
import { decodeSignedLink } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { VerifierPort } from '#shared/ports/verifier.ts'

/** An account's chain as the server judges it: what it picked at a fork only the paper key can say here. */
export interface KnownChain extends ChainReading {
  readonly mark: ChainMark
  readonly links: readonly Uint8Array[]
}

/** Reads chains, and remembers what it read until the store has something else. */
export class AccountChains {
  readonly #store: ChainStore
  readonly #crypto: VerifierPort
  readonly #capacity: number
  /** The one used longest ago first. */
  readonly #known = new Map<Aor, KnownChain>()

  constructor(ports: { readonly store: ChainStore; readonly crypto: VerifierPort; readonly capacity: number }) {
    this.#store = ports.store
    this.#crypto = ports.crypto
    this.#capacity = ports.capacity
  }

  /** Null without a chain. */
  async read(account: Aor): Promise<KnownChain | null> {
    const mark = await this.#store.mark(account)
    const known = this.#known.get(account)
    this.#known.delete(account)
    if (mark === null) return null
    const chain = known?.mark === mark ? known : await this.#load(account)
    if (chain !== null) this.#remember(account, chain)
    return chain
  }

  async #load(account: Aor): Promise<KnownChain | null> {
    const stored = await this.#store.links(account)
    const genesis = stored?.links[0]
    if (stored === null || genesis === undefined) return null
    const identity = linkHash(decodeSignedLink(genesis).body, this.#crypto)
    const wanted = { account, identity, picked: new Set<string>(), crypto: this.#crypto }
    const reading = readChain(stored.links, wanted)
    if (reading === null) throw new Error('stored chain does not verify')
    return { ...stored, ...reading }
  }

  #remember(account: Aor, chain: KnownChain): void {
    const [oldest] = this.#known.keys()
    if (this.#known.size >= this.#capacity && oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(account, chain)
  }
}
