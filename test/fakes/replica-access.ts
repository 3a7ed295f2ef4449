/** The doors of a replica over a store of their own, and devices that sign for them. */
import { signEd25519 } from '#main/keys/key-pairs.ts'
import { AccountChains } from '#server/replica/access/account-chains.ts'
import { BoxDoor } from '#server/replica/access/box-door.ts'
import { nodeCrypto } from '#server/replica/access/crypto.ts'
import type { Arrival, RequestUse } from '#server/replica/access/judge-request.ts'
import { defaultAccessLimits, type AccessLimits } from '#server/replica/access/limits.ts'
import { LinkDoor } from '#server/replica/access/link-door.ts'
import { RequestGate, type AcceptedRequest } from '#server/replica/access/request-gate.ts'
import { SqliteChainStore } from '#server/replica/access/sqlite-chain-store.ts'
import {
  encodeAuthorization,
  encodeRequest,
  requestSignatureInput,
  type ReplicaRequest,
} from '#shared/replication/request.ts'
import { account, draw, hashOf, signerOf } from './drawn-chain.ts'
import { ManualClock, temporaryDirectory } from './home-server.ts'
import { SeededRandom } from './seeded-random.ts'

const nothing = new Uint8Array()
/** Of the connection that requests come over unless they say otherwise. */
export const channel = new Uint8Array(32).fill(0xc4)

/** What a test says of a request; everything else is right. */
export interface Wish {
  readonly use?: RequestUse
  /** Fields that are signed. */
  readonly signed?: Partial<ReplicaRequest>
  /** What really arrives. */
  readonly arrival?: Partial<Arrival>
  /** Whose key signs, if not the device's that the request names. */
  readonly key?: string
  /** A key of nobody in the picture. */
  readonly seed?: Uint8Array
}

export class ReplicaAccess {
  readonly clock = new ManualClock()
  readonly addresses = new CountedAddresses()
  readonly accounts = { left: Infinity, take: () => this.accounts.left-- > 0 }
  readonly store: SqliteChainStore
  readonly chains: AccountChains
  readonly gate: RequestGate
  readonly links: LinkDoor
  readonly boxes: BoxDoor
  readonly #directory = temporaryDirectory()
  #at = 0

  constructor(changes: Partial<AccessLimits> = {}) {
    const limits = { ...defaultAccessLimits, ...changes }
    const ports = { clock: this.clock, random: new SeededRandom('replica'), crypto: nodeCrypto, limits }
    const { addresses, accounts } = this
    this.store = new SqliteChainStore(this.#directory.path, limits)
    this.chains = new AccountChains({ store: this.store, crypto: nodeCrypto, capacity: limits.cachedChains })
    this.gate = new RequestGate({ ...ports, chains: this.chains, addresses, accounts })
    this.links = new LinkDoor({ ...ports, store: this.store, chains: this.chains })
    this.boxes = new BoxDoor(this.store)
  }

  async end(): Promise<void> {
    await this.store.close()
    this.#directory.remove()
  }

  /** Stores the links of a picture (`drawn-chain.ts`) as they stand there. */
  async holds(picture: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const links = draw(picture)
    for (const bytes of links.values())
      await this.store.append(account, { hash: hashOf(bytes), bytes }, await this.store.mark(account))
    return links
  }

  /** A request as it arrives, signed by a device of a drawn chain or by `paper`. */
  arrival(
    by: string,
    { use = 'read', signed = {}, arrival = {}, key = by, seed = signerOf(key).seed }: Wish = {},
  ): Arrival {
    const request: ReplicaRequest = {
      ...{ version: 1, account, device: signerOf(by).by, method: 'GET', target: '/replica/heads?of=all' },
      ...{ body: nodeCrypto.hash(nothing), host: 'replica.example.org', challenge: this.gate.challenge(), channel },
      at: this.#at++,
      ...signed,
    }
    const bytes = encodeRequest(request)
    const signature = signEd25519(seed, requestSignatureInput(bytes))
    return {
      ...{ authorization: encodeAuthorization(bytes, signature), method: 'GET', target: '/replica/heads?of=all' },
      ...{ host: 'replica.example.org', channel, loopback: false, address: '192.0.2.7', use },
      ...arrival,
    }
  }

  /** What the gate says of it: why not, or who asks. */
  async outcome(by: string, wish: Wish = {}): Promise<string> {
    return this.outcomeOf(this.arrival(by, wish))
  }

  async outcomeOf(arrival: Arrival): Promise<string> {
    const admitted = await this.gate.admit(arrival)
    const accepted = admitted.ok ? await admitted.value.withBody(nothing) : admitted
    return accepted.ok ? 'accepted' : accepted.error
  }

  /** A request that has to be accepted. */
  async accepted(by: string, use: RequestUse): Promise<AcceptedRequest> {
    const admitted = await this.gate.admit(this.arrival(by, { use }))
    const accepted = admitted.ok ? await admitted.value.withBody(nothing) : admitted
    if (!accepted.ok) throw new Error(accepted.error)
    return accepted.value
  }
}

/** Lets so many through, and counts who claimed to be somebody else. */
export class CountedAddresses {
  left = Infinity
  failures = 0
  readonly admit = (): boolean => this.left-- > 0
  readonly recordFailure = (): void => {
    this.failures++
  }
}
