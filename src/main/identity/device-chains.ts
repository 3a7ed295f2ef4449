import type { ChainChange, DeviceChainPort, KnownChain, OwnDevice, PaperInUse } from '#shared/identity/chain-ports.ts'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import { SottoError } from '#shared/errors.ts'
import { linksInOrder } from '#shared/identity/link-order.ts'
import { branchesOf, devicesAside, fingerprintOf, type ChainBranch } from '#shared/identity/chain-branches.ts'
import { placeOfLink, type ChainReading, type ChainWanted } from '#shared/identity/read-chain.ts'
import { encodeLinkBody, type LinkSignature } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { deviceIdOf, linkSignatureInput, readChain, type ChainState } from './device-chain.ts'
import { namesIn } from '#main/keys/device-names.ts'
import type { IdentityRecord } from './identity-record.ts'
import type { IdentityRecords } from './identity-records.ts'
import { deviceSigner, newDeviceSeeds, signLink, type DeviceSeeds } from './link-author.ts'
import { withPaperSigner } from './paper-keys.ts'
import { addByPaper, pickByPaper } from './paper-in-use.ts'
import { bodyOfChange, nameInChain, ownDevice, pickBody, signBody, type LinkMaking } from './own-device.ts'
import { publicKeyOf } from '#main/keys/key-pairs.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'

/** Each is checked with all before it; what is left comes with the next look. */
const mostLearntAtOnce = 64
/** More links than a chain may have are not kept. */
const maxKeptLinks = 8192

/** A link that is to be signed by another device, too: its body, and this device's signature. */
export interface LinkToJoin {
  readonly body: Uint8Array
  readonly signature: LinkSignature
}

/** What a device gets that is linked to an account. */
export interface JoinedIdentity {
  /** Hash of link 0, base64url. */
  readonly identity: string
  readonly links: readonly Uint8Array[]
  readonly seeds: DeviceSeeds
  /** Opens the names of devices in the chain. */
  readonly namesKey: Uint8Array
}

/** What the paper secret opens of a chain: itself, and the key of the devices' names. */
export interface PaperAndNames {
  readonly paper: PaperInUse
  readonly namesKey: Uint8Array
}

/** The device chains of this profile's identities: reads them, extends them, and lends this device's keys. */
export class DeviceChains implements DeviceChainPort {
  readonly #records: IdentityRecords
  readonly #ports: { readonly clock: ClockPort; readonly random: RandomPort; readonly deviceName: string }

  constructor(
    records: IdentityRecords,
    ports: { readonly clock: ClockPort; readonly random: RandomPort; readonly deviceName: string },
  ) {
    this.#records = records
    this.#ports = ports
  }

  known(account: Aor): Promise<KnownChain | null> {
    return this.#records.with(account, (record) => chainOf(account, record)).catch(nullIfMissing)
  }

  learn(account: Aor, links: readonly Uint8Array[]): Promise<KnownChain> {
    return this.#records.with(account, async (record) => {
      const learnt = withFresh(account, record, links)
      if (learnt !== record) await this.#records.save(account, learnt)
      return chainOf(account, learnt)
    })
  }

  openDevice(account: Aor): Promise<OwnDevice | null> {
    return this.#records.with(account, (record) => this.#open(account, record)).catch(nullIfMissing)
  }

  /** A link by this device behind the head that is known here; nobody has it yet. @throws SottoError `devices-forked`. */
  sign(account: Aor, change: ChainChange): Promise<Uint8Array> {
    return this.#records.with(account, (record) => {
      const body = bodyOfChange(unforked(account, record), change, this.#making(record))
      return signLink(body, [deviceSigner(record.seeds)])
    })
  }

  /** The body of an `add` link, which its device has to sign, too. @throws SottoError `devices-forked`. */
  bodyToAdd(account: Aor, device: Extract<ChainChange, { kind: 'add' }>['device']): Promise<Uint8Array> {
    return this.#records.with(account, (record) =>
      encodeLinkBody(bodyOfChange(unforked(account, record), { kind: 'add', device }, this.#making(record))),
    )
  }

  /** This body with the other device's signature and this one's. */
  signWith(account: Aor, body: Uint8Array, other: LinkSignature): Promise<Uint8Array> {
    return this.#records.with(account, (record) => {
      const device = this.#open(account, record)
      try {
        return signBody(body, device, [other])
      } finally {
        device.wipe()
      }
    })
  }

  /** Fresh keys of a device that is to be linked, the caller's to wipe. */
  newDevice(): { readonly seeds: DeviceSeeds; readonly device: OwnDevice } {
    const seeds = newDeviceSeeds(this.#ports.random)
    return { seeds, device: ownDevice(seeds, this.#ports.deviceName) }
  }

  /** The link behind `state` that adds a new device on the paper's word; nobody has it yet. */
  addedByPaper(state: ChainState, device: OwnDevice, { paper, namesKey }: PaperAndNames): Uint8Array {
    return addByPaper(state, { device, paper }, this.#making({ namesKey }))
  }

  /** The link that settles a fork on the paper's word; nobody has it yet. */
  pickedByPaper(branch: ChainBranch, paper: PaperInUse): Uint8Array {
    return pickByPaper(branch, paper, this.#ports.clock.now())
  }

  /** Signs what adds a device as that device. */
  static signatureOf(device: OwnDevice, body: Uint8Array): LinkSignature {
    return { by: device.id, signature: device.sign(linkSignatureInput(body)) }
  }

  /**
   * Makes this a device of an account that others have, in place of an identity of its own.
   * @throws SottoError `invalid-argument` when the chain does not have this device.
   */
  join(account: Aor, { identity, links, seeds, namesKey }: JoinedIdentity): Promise<void> {
    return this.#records.inTurn(async () => {
      const id = deviceIdOf(publicKeyOf('ed25519', seeds.ed25519))
      const reading = readChain(links, account, identity)
      if (reading?.state.devices.get(toBase64Url(id) as never)?.revokedAt !== null)
        throw new SottoError('invalid-argument')
      await this.#records.save(account, {
        ...{ seeds, namesKey, identity, links: [...links], picked: [], paperState: 'confirmed', paperSecret: null },
      })
    })
  }

  /**
   * Says at the end of a branch of the forked chain, named by its last link, that it counts; `words` = the paper secret as typed
   * (UTF-8), the caller's to wipe. @throws SottoError `not-found` for no such branch, `wrong-paper-secret`, and `fork-needs-paper` where this
   * device's word does not settle it.
   */
  signPick(account: Aor, branch: string, words: Uint8Array | null): Promise<Uint8Array> {
    return this.#records.with(account, (record) => {
      const chosen = chainOf(account, record).branches.find(({ state }) => state.head === branch)
      if (chosen === undefined) throw new SottoError('not-found')
      const branches = chosen.path.flatMap((hash) => fromBase64Url(hash) ?? [])
      const body = pickBody(chosen.state, branches, this.#ports.clock.now())
      const link =
        words === null
          ? signLink(body, [deviceSigner(record.seeds)])
          : withPaperSigner(words, chosen.state.paper, (signer) => signLink(body, [signer]))
      const settled = readingOf(account, { ...record, links: [...record.links, link] })
      if (settled.fork !== null) throw new SottoError('fork-needs-paper')
      return link
    })
  }

  /** What a device that is linked needs for the names of the others; the caller's to wipe. */
  namesKey(account: Aor): Promise<Uint8Array> {
    return this.#records.with(account, ({ namesKey }) => secretOf(namesKey))
  }

  /** This device under new keys: they count from when the link was taken by a server (`keepNewKeys`). */
  prepareRejoin(account: Aor): Promise<{ readonly link: Uint8Array; readonly seeds: DeviceSeeds }> {
    return this.#records.with(account, (record) => {
      const seeds = newDeviceSeeds(this.#ports.random)
      const state = unforked(account, record)
      const old = this.#open(account, record)
      const next = ownDevice(seeds, old.keys.name)
      const body = bodyOfChange(state, { kind: 'add', device: next.keys }, this.#making(record))
      old.wipe()
      next.wipe()
      return { link: signLink(body, [deviceSigner(record.seeds), deviceSigner(seeds)]), seeds }
    })
  }

  /** From now on this device has these keys, which the chain knows. */
  keepNewKeys(account: Aor, seeds: DeviceSeeds): Promise<void> {
    return this.#records.with(account, (record) => this.#records.save(account, { ...record, seeds }))
  }

  #open(account: Aor, record: IdentityRecord): OwnDevice {
    const id = deviceIdOf(publicKeyOf('ed25519', record.seeds.ed25519))
    return ownDevice(record.seeds, nameInChain(chainOf(account, record), id, this.#ports.deviceName))
  }

  #making({ namesKey }: Pick<IdentityRecord, 'namesKey'>): LinkMaking {
    const { clock, random } = this.#ports
    return { at: clock.now(), namesKey, random }
  }
}

function wantedOf(account: Aor, { identity, picked }: IdentityRecord): ChainWanted {
  return { account, identity, picked: new Set(picked), crypto: nodeVerifier }
}

function readingOf(account: Aor, record: IdentityRecord): ChainReading {
  const { links, identity, picked } = record
  const reading = readChain(links, account, identity, new Set(picked))
  if (reading === null) throw new Error('damaged identity')
  return reading
}

function chainOf(account: Aor, record: IdentityRecord): KnownChain {
  const { links } = record
  const reading = readingOf(account, record)
  const branches = branchesOf(links, wantedOf(account, record), reading)
  const isWhole = reading.fork !== null || links.length === reading.state.length
  const names = namesIn(links, record.namesKey)
  return { ...reading, links, branches, aside: isWhole ? [] : devicesAside(links, reading), names }
}

/** The record with those of these links that say something; who sends others gets no room for them. */
function withFresh(account: Aor, record: IdentityRecord, links: readonly Uint8Array[]): IdentityRecord {
  const known = new Set(record.links.map(toBase64Url))
  const fresh = links.filter((link) => !known.has(toBase64Url(link)))
  if (fresh.length === 0) return record
  const heads = record.links.flatMap((link) => placeOfLink(link, nodeVerifier)?.hash ?? [])
  const wanted = wantedOf(account, record)
  const fingerprint = (of: IdentityRecord): string => fingerprintOf(of.links, wanted, readingOf(account, of))
  let learnt = record
  let before = fingerprint(record)
  for (const { bytes } of linksInOrder(fresh, nodeVerifier, heads).slice(0, mostLearntAtOnce)) {
    const next = { ...learnt, links: [...learnt.links, bytes].slice(0, maxKeptLinks) }
    const read = fingerprint(next)
    if (read !== before) [learnt, before] = [next, read]
  }
  return learnt
}

function unforked(account: Aor, record: IdentityRecord): ChainState {
  const { state, fork } = chainOf(account, record)
  if (fork !== null || fromBase64Url(state.head) === null) throw new SottoError('devices-forked')
  return state
}

function nullIfMissing(error: unknown): null {
  if (error instanceof SottoError && error.code === 'not-found') return null
  throw error
}
