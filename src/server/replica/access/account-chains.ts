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

interface Reading {
  readonly mark: ChainMark
  readonly chain: Promise<KnownChain | null>
}

/** Reads chains, each once however many ask, and remembers what it read until the store has something else. */
export class AccountChains {
  readonly #store: ChainStore
  readonly #crypto: VerifierPort
  readonly #capacity: number
  /** The one used longest ago first. */
  readonly #readings = new Map<Aor, Reading>()

  constructor(ports: { readonly store: ChainStore; readonly crypto: VerifierPort; readonly capacity: number }) {
    this.#store = ports.store
    this.#crypto = ports.crypto
    this.#capacity = ports.capacity
  }

  /** Null without a chain. The same object as long as the chain stays the same and there is room for it. */
  async read(account: Aor): Promise<KnownChain | null> {
    const mark = await this.#store.mark(account)
    const known = this.#readings.get(account)
    this.#readings.delete(account)
    if (mark === null) return null
    const reading = known?.mark === mark ? known : { mark, chain: this.#load(account) }
    this.#remember(account, reading)
    try {
      return await reading.chain
    } catch (error) {
      // What failed once may work the next time.
      if (this.#readings.get(account) === reading) this.#readings.delete(account)
      throw error
    }
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

  #remember(account: Aor, reading: Reading): void {
    const [oldest] = this.#readings.keys()
    if (this.#readings.size >= this.#capacity && oldest !== undefined) this.#readings.delete(oldest)
    this.#readings.set(account, reading)
  }
}
