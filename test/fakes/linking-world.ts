/** An old device of an account, a new one, and a rendezvous between them. */
import { LinkingNewDevice } from '#main/linking/linking-new-device.ts'
import { LinkingOldDevice } from '#main/linking/linking-old-device.ts'
import type { LinkParcel } from '#main/linking/parcel.ts'
import type { NewDevicePort } from '#main/linking/new-device-session.ts'
import { linkHash } from '#main/identity/device-chain.ts'
import { sealName } from '#main/keys/device-names.ts'
import { deviceKeysOf, newDeviceSeeds } from '#main/identity/link-author.ts'
import { signEd25519 } from '#main/keys/key-pairs.ts'
import { defaultRendezvousLimits, type RendezvousLimits } from '#server/replica/rendezvous/limits.ts'
import { Rendezvous } from '#server/replica/rendezvous/rendezvous.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { linkSignatureInput } from '#shared/identity/device-chain.ts'
import type { ChainReading } from '#shared/identity/read-chain.ts'
import { encodeLinkBody, encodeSignedLink, type DeviceOffer } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import { account, bodyOf, genesis, hashOf, namesKey, signerOf } from './drawn-chain.ts'
import { FakeClock } from './fake-clock.ts'
import { rendezvousWire, sha256, type WireFaults, type WireOptions } from './rendezvous-wire.ts'
import { SeededRandom } from './seeded-random.ts'

export interface WorldOptions {
  readonly seed?: string
  readonly faults?: WireFaults
  readonly limits?: Partial<RendezvousLimits>
  readonly oldWire?: Partial<WireOptions>
  readonly newWire?: Partial<WireOptions>
  /** What the old device really hands over. */
  readonly parcel?: (parcel: LinkParcel) => LinkParcel
  /** How often another device's link comes before the `add`. */
  readonly headMoves?: number
  readonly newName?: string
  readonly newClockAheadMs?: number
  readonly take?: (parcel: LinkParcel) => Promise<void>
  readonly account?: Aor
}

export const plainAccount: LinkParcel['account'] = {
  ...{ aor: account, displayName: 'Alice', transport: 'wss', server: 'wss://sip.example.org/', msrpRelay: null },
  ...{ username: 'alice', realm: 'example.org', ha1Md5: null, ha1Sha256: 'ab'.repeat(32), strongest: 'SHA-256' },
  ...{ extraAuthorities: [], spkiPins: [], local: false, sendReceipts: true, sendTyping: true },
  ...{ callPolicy: 'zrtp-preferred', hideAddress: 'strangers', relay: null, passwordEpoch: 0 },
}

export class LinkingWorld {
  readonly clock = new FakeClock()
  readonly rendezvous: Rendezvous
  readonly newDevice: LinkingNewDevice
  readonly oldDevice: LinkingOldDevice
  readonly device: NewDevicePort
  /** As the account's server stores them. */
  readonly links: Uint8Array[] = [genesis('old')]
  readonly took: { readonly parcel: LinkParcel; readonly chain: ChainReading }[] = []
  cosigned = 0
  readonly #options: WorldOptions
  readonly #random: SeededRandom

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.#random = new SeededRandom(options.seed ?? 'linking')
    const limits = { ...defaultRendezvousLimits, ...options.limits }
    this.rendezvous = new Rendezvous({ clock: this.clock, hash: sha256, limits })
    const seeds = newDeviceSeeds(this.#random)
    const keys = deviceKeysOf(seeds, options.newName ?? 'new laptop')
    this.device = { keys, sign: (message) => signEd25519(seeds.ed25519, message) }
    this.newDevice = this.makeNewDevice()
    this.oldDevice = this.makeOldDevice()
  }

  makeNewDevice(): LinkingNewDevice {
    const { clock, device } = this
    const { newClockAheadMs = 0, take } = this.#options
    const ahead = { now: () => clock.now() + newClockAheadMs }
    return new LinkingNewDevice({
      ...{ account: this.#options.account ?? account, device, random: this.#random },
      clock: { ...ahead, monotonic: () => clock.monotonic(), after: (ms, run) => clock.after(ms, run) },
      client: this.#wire({ signedFor: null, ...this.#options.newWire }),
      take: async (parcel, chain) => {
        await take?.(parcel)
        this.took.push({ parcel, chain })
      },
    })
  }

  makeOldDevice(): LinkingOldDevice {
    return new LinkingOldDevice({
      ...{ account, clock: this.clock, random: this.#random },
      client: this.#wire({ signedFor: account, ...this.#options.oldWire }),
      addDevice: (keys, cosign) => this.#addDevice(keys, cosign),
      parcel: () => Promise.resolve((this.#options.parcel ?? ((parcel) => parcel))(this.#parcel())),
    })
  }

  /** Lets time pass until this is settled. */
  async until<T>(work: Promise<T>): Promise<T> {
    const state = { settled: false }
    const settle = (): void => {
      state.settled = true
    }
    work.then(settle, settle)
    for (let turn = 0; !state.settled && turn < 4_000; turn++) await this.clock.advance(200)
    return work
  }

  #wire(options: Pick<WireOptions, 'signedFor'> & Partial<WireOptions>) {
    const { faults } = this.#options
    return rendezvousWire({
      rendezvous: () => this.rendezvous,
      ...(faults === undefined ? {} : { faults }),
      ...options,
    })
  }

  async #addDevice({ name, ...keys }: DeviceOffer, cosign: (body: Uint8Array) => Promise<Uint8Array>): Promise<void> {
    const { headMoves = 0 } = this.#options
    const device = { ...keys, name: sealName(namesKey, keys.id, name, new SeededRandom('name')) }
    for (let move = 0; move <= headMoves; move++) {
      const previous = fromBase64Url(hashOf(this.links.at(-1)))!
      const body = encodeLinkBody({ version: 1, kind: 'add', previous, at: this.clock.now() + move, device })
      const signature = await cosign(body)
      this.cosigned++
      if (move < headMoves) continue
      const { by, seed } = signerOf('old')
      const own = { by, signature: signEd25519(seed, linkSignatureInput(body)) }
      this.links.push(encodeSignedLink({ body, signatures: [own, { by: keys.id, signature }] }))
    }
  }

  #parcel(): LinkParcel {
    return {
      ...{ identity: fromBase64Url(linkHash(bodyOf(this.links[0]!)))!, links: this.links, picked: [], namesKey },
      ...{ account: plainAccount, replica: null, settings: { theme: '"dark"' } },
      transfer: { slot: new Uint8Array(16).fill(1), key: new Uint8Array(32).fill(2) },
    }
  }
}
