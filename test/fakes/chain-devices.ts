/** Devices of one account with real chains and keys, and a server that keeps their links and boxes in memory. */
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import { placeOfLink } from '#shared/identity/read-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import { DeviceChains } from '#main/identity/device-chains.ts'
import { Identity } from '#main/identity/identity.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'
import { syncChain } from '#main/replication/chain-sync.ts'
import type { ReplicaClientPort, SealedEpochKey } from '#main/replication/client-ports.ts'
import { EpochKeyring } from '#main/replication/epoch-keyring.ts'
import { Epochs } from '#main/replication/epochs.ts'
import { SeededRandom } from './seeded-random.ts'

export const alice = 'sip:alice@example.org' as Aor

type Box = SealedEpochKey & { readonly recipient: Uint8Array | 'paper' }

/** Keeps what it is given, as a replica does, and loses what it is told to. */
export class ChainServer {
  links: Uint8Array[] = []
  boxes: Box[] = []
  forks: Uint8Array[] = []
  /** Fails the next call of this name, after it was done if `after`. */
  failing: { readonly call: string; readonly after: boolean } | null = null

  /** As the device with this id asks for it. */
  clientOf(
    id: () => Uint8Array,
  ): Pick<ReplicaClientPort, 'links' | 'open' | 'addLink' | 'boxes' | 'putBoxes' | 'dropBoxesBefore'> {
    return {
      links: () => this.#call('links', () => (this.links.length === 0 ? null : [...this.links])),
      open: (link) =>
        this.#call('open', () => {
          if (this.links.length > 0) return 'open'
          this.links.push(link)
          return 'stored'
        }),
      addLink: (link, asFork) => this.#call('addLink', () => this.#add(link, asFork)),
      boxes: () =>
        this.#call('boxes', () =>
          this.boxes.filter(({ recipient }) => recipient !== 'paper' && equalBytes(recipient, id())),
        ),
      putBoxes: (boxes) =>
        this.#call('putBoxes', () => {
          for (const box of boxes) if (!this.boxes.some((kept) => isSameBox(kept, box))) this.boxes.push(box)
        }),
      dropBoxesBefore: (epoch) =>
        this.#call('dropBoxesBefore', () => {
          this.boxes = this.boxes.filter((box) => box.epoch >= epoch)
        }),
    }
  }

  #add(link: Uint8Array, asFork: boolean): 'stored' | 'head-moved' {
    const place = placeOfLink(link, nodeVerifier)
    const places = this.links.map((kept) => placeOfLink(kept, nodeVerifier))
    if (places.some((kept) => kept?.hash === place?.hash)) return 'stored'
    if (places.some((kept) => kept?.previous === place?.previous)) {
      if (!asFork) return 'head-moved'
      this.forks.push(link)
    }
    this.links.push(link)
    return 'stored'
  }

  #call<T>(name: string, run: () => T): Promise<T> {
    const failing = this.failing?.call === name ? this.failing : null
    if (failing !== null) this.failing = null
    if (failing?.after === false) return Promise.reject(new Error('cut off'))
    const result = run()
    return failing === null ? Promise.resolve(result) : Promise.reject(new Error('cut off'))
  }
}

function isSameBox(a: Box, b: Box): boolean {
  const key = ({ recipient, epoch }: Box): string => `${epoch} ${recipient === 'paper' ? '' : toBase64Url(recipient)}`
  return key(a) === key(b)
}

/** One device: its identity on a disk of its own, and its epoch keys. */
export class ChainDevice {
  readonly stored = new Map<string, Uint8Array>()
  readonly identity: Identity
  readonly server: ChainServer
  readonly random: SeededRandom
  readonly clock: { now: () => number }
  keyring = new EpochKeyring()
  epochs!: Epochs

  constructor(server: ChainServer, seed: number, clock: { now: () => number }) {
    this.server = server
    this.random = new SeededRandom(seed)
    this.clock = clock
    this.identity = new Identity({
      secrets: this.secrets,
      paperRung: { set: () => Promise.resolve(), remove: () => Promise.resolve() },
      aorOf: () => alice,
      clock: { ...clock, monotonic: () => 0, after: () => ({ cancel: () => undefined }) },
      random: this.random,
      deviceName: `device ${seed}`,
    })
  }

  get secrets() {
    return {
      secret: (name: string) => Promise.resolve(this.stored.has(name) ? this.stored.get(name)!.slice() : null),
      setSecret: (name: string, value: Uint8Array | null) => {
        if (value === null) this.stored.delete(name)
        else this.stored.set(name, Uint8Array.from(value))
        return Promise.resolve()
      },
    }
  }

  /** Begins the account. */
  async create(): Promise<this> {
    await this.identity.ensure(alice)
    return this.start()
  }

  /** Becomes a device of the account that `other` has. */
  async joinThrough(other: ChainDevice): Promise<this> {
    const { seeds, device } = this.identity.chains.newDevice()
    const body = await other.identity.chains.bodyToAdd(alice, device.keys)
    const link = await other.identity.chains.signWith(alice, body, DeviceChains.signatureOf(device, body))
    await other.client.addLink(link, false)
    const { state, links } = await other.identity.chains.learn(alice, [link])
    const namesKey = await other.identity.chains.namesKey(alice)
    await this.identity.chains.join(alice, { identity: state.identity, links, seeds, namesKey })
    return this.start()
  }

  /** What is in memory is lost, what is on the disk stays. */
  async start(): Promise<this> {
    const device = (await this.identity.chains.openDevice(alice))!
    this.keyring = new EpochKeyring()
    this.#id = device.id
    this.epochs = new Epochs({
      ...{ account: alice, client: this.client, chains: this.identity.chains, secrets: this.secrets },
      ...{ keyring: this.keyring, device, clock: this.clock, random: this.random },
    })
    await this.epochs.load()
    return this
  }

  #id: Uint8Array = new Uint8Array()

  get id(): Uint8Array {
    return this.#id
  }

  get name() {
    return deviceIdText(this.#id)
  }

  get client() {
    return this.server.clientOf(() => this.#id)
  }

  /** One look at chain and keys, as a run begins with. */
  async look() {
    const opening = { kind: 'invitation', token: new Uint8Array(16) } as const
    const parts = { account: alice, client: this.client, chains: this.identity.chains, opening }
    return this.epochs.refresh(await syncChain(parts))
  }

  async extend(change: Parameters<DeviceChains['sign']>[1]): Promise<'stored' | 'head-moved'> {
    const link = await this.identity.chains.sign(alice, change)
    const answer = await this.client.addLink(link, false)
    if (answer === 'stored') await this.identity.chains.learn(alice, [link])
    return answer
  }
}
