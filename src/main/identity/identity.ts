import { equalBytes, utf8, utf8Text, wipe } from '#shared/bytes/bytes.ts'
import type { KnownChain } from '#shared/identity/chain-ports.ts'
import { SottoError } from '#shared/errors.ts'
import type { ManifestSignature, SignatureWorth } from '#shared/model/export-signature.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { AccountView } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { deviceIdOf, deviceIdText, linkHash } from './device-chain.ts'
import { signManifest, worthOf } from './export-signer.ts'
import { identityDigits } from './identity-digits.ts'
import { DeviceChains } from './device-chains.ts'
import { namesKeyBytes, sealNamesKey } from '#main/keys/device-names.ts'
import { wipeIdentity, type IdentityRecord } from './identity-record.ts'
import { IdentityRecords, type IdentitySecretsPort } from './identity-records.ts'
import { publicKeyOf } from '#main/keys/key-pairs.ts'
import { deviceKeysOf, deviceSigner, newDeviceSeeds, signLink } from './link-author.ts'
import { linkDeviceOf } from './own-device.ts'
import { derivePaperSeeds, paperKeysOf, wipePaperSeeds } from './paper-keys.ts'
import { paperSecretBytes, paperWords, parsePaperWords, splitWords, wordIndex } from './paper-words.ts'
import { decodeLinkBody, decodeSignedLink, type PaperKeys } from '#shared/model/device-link.ts'

/** What an account's view shows of its identity. */
export interface IdentityView {
  /** For reading aloud. */
  readonly identityHash: string
  readonly deviceId: DeviceId
  readonly paperSecret: AccountView['paperSecret']
}

export interface IdentityPorts {
  readonly secrets: IdentitySecretsPort
  /** The rung of the key ladder that the paper secret opens. */
  readonly paperRung: {
    /** Wraps the database key under this 32-byte key, replacing what `account` had; durable when it resolves. */
    set(account: Aor, wrapKey: Uint8Array): Promise<void>
    remove(account: Aor): Promise<void>
  }
  readonly aorOf: (accountId: AccountId) => Aor | null
  readonly clock: ClockPort
  readonly random: RandomPort
  /** What this device calls itself in the chain. */
  readonly deviceName: string
}

/** Fewer words typed back would be guessed, or copied without reading. */
const minConfirmedWords = 3

/** Device chain, device keys and paper secret of each account. */
export class Identity {
  readonly #ports: IdentityPorts
  readonly #listeners = new Set<(account: Aor, view: IdentityView) => void>()
  readonly #records: IdentityRecords
  /** The device chains of the same identities. */
  readonly chains: DeviceChains

  constructor(ports: IdentityPorts) {
    this.#ports = ports
    this.#records = new IdentityRecords(ports.secrets, (account, record) => {
      for (const listener of this.#listeners) listener(account, viewOf(record))
    })
    this.chains = new DeviceChains(this.#records, ports)
  }

  /** Says when a view changed; returns the disposer. */
  onChange(handler: (account: Aor, view: IdentityView) => void): () => void {
    this.#listeners.add(handler)
    return () => this.#listeners.delete(handler)
  }

  /** Makes link 0, device keys and paper secret unless they exist. */
  ensure(account: Aor): Promise<IdentityView> {
    return this.#records.inTurn(async () => {
      const stored = await this.#records.load(account)
      const record = stored ?? this.#create(account)
      try {
        if (stored === null) await this.#records.save(account, record)
        return viewOf(record)
      } finally {
        wipeIdentity(record)
      }
    })
  }

  /** Erases the account's keys on this device. */
  remove(account: Aor): Promise<void> {
    return this.#records.inTurn(async () => {
      await this.#ports.paperRung.remove(account)
      await this.#records.erase(account)
    })
  }

  /** The verified device chain, or null without an identity. */
  chain(account: Aor): Promise<KnownChain | null> {
    return this.chains.known(account)
  }

  /** Vouches for an export's manifest; null without an identity. */
  signExport(account: Aor, manifestSha256: Uint8Array): Promise<ManifestSignature | null> {
    return this.#records.inTurn(async () => {
      const record = await this.#records.load(account)
      return record === null ? null : signManifest(account, record, manifestSha256)
    })
  }

  /** What a signature of an export is worth in this profile. */
  judgeExport(signature: ManifestSignature, manifestSha256: Uint8Array): Promise<SignatureWorth> {
    return this.#records.inTurn(async () =>
      worthOf(signature, manifestSha256, await this.#records.load(signature.account)),
    )
  }

  /** @throws SottoError `not-found` once it was confirmed: the words are on the paper only. */
  showPaperSecret(request: { readonly accountId: AccountId }): Promise<Uint8Array> {
    return this.#records.inTurn(async () => {
      const { account, record, secret } = await this.#unconfirmed(request.accountId)
      try {
        if (record.paperState === 'not-shown') await this.#records.save(account, { ...record, paperState: 'shown' })
        return utf8(paperWords(secret).join(' '))
      } finally {
        wipeIdentity(record)
      }
    })
  }

  /** Compares what the user typed from the paper; when it fits, the secret is destroyed on this device. */
  confirmPaperSecret(request: {
    readonly accountId: AccountId
    readonly positions: readonly number[]
    readonly words: Uint8Array
  }): Promise<{ confirmed: boolean }> {
    return this.#records.inTurn(async () => {
      const { account, record, secret } = await this.#unconfirmed(request.accountId)
      try {
        if (record.paperState !== 'shown' || new Set(request.positions).size < minConfirmedWords)
          throw new SottoError('invalid-argument')
        const confirmed = fits(paperWords(secret), request.positions, request.words)
        request.words.fill(0)
        if (confirmed) await this.#confirm(account, record, secret)
        return { confirmed }
      } finally {
        wipeIdentity(record)
      }
    })
  }

  async #confirm(account: Aor, record: IdentityRecord, secret: Uint8Array): Promise<void> {
    const seeds = derivePaperSeeds(secret)
    // The rung first: a crash in between only asks the user once more.
    await this.#ports.paperRung.set(account, seeds.databaseWrap)
    wipePaperSeeds(seeds)
    await this.#records.save(account, { ...record, paperState: 'confirmed', paperSecret: null })
  }

  /**
   * Lets the paper secret unlock again, once all its words were typed.
   * @throws SottoError `wrong-paper-secret` for words of another paper.
   */
  addPaperRung(request: { readonly accountId: AccountId; readonly words: Uint8Array }): Promise<void> {
    return this.#records.inTurn(async () => {
      const account = this.#ports.aorOf(request.accountId)
      const record = account === null ? null : await this.#records.load(account)
      if (account === null || record === null) throw new SottoError('not-found')
      wipeIdentity(record)
      const secret = parsePaperWords(utf8Text(request.words) ?? '')
      if (!secret.ok) throw new SottoError('wrong-paper-secret')
      const seeds = derivePaperSeeds(secret.value)
      try {
        if (!isPaperOf(record.links[0], paperKeysOf(seeds))) throw new SottoError('wrong-paper-secret')
        await this.#ports.paperRung.set(account, seeds.databaseWrap)
      } finally {
        wipe(secret.value)
        wipePaperSeeds(seeds)
      }
    })
  }

  /** The paper secret no longer unlocks; it still proves whose identity this is. @throws SottoError `last-rung`. */
  removePaperRung(request: { readonly accountId: AccountId }): Promise<void> {
    return this.#records.inTurn(async () => {
      const account = this.#ports.aorOf(request.accountId)
      if (account === null) throw new SottoError('not-found')
      await this.#ports.paperRung.remove(account)
    })
  }

  #create(account: Aor): IdentityRecord {
    const { random, clock, deviceName } = this.#ports
    const seeds = newDeviceSeeds(random)
    const paperSecret = random.bytes(paperSecretBytes)
    const paper = derivePaperSeeds(paperSecret)
    const namesKey = random.bytes(namesKeyBytes)
    const device = linkDeviceOf(deviceKeysOf(seeds, deviceName), { namesKey, random })
    const paperKeys = paperKeysOf(paper)
    const names = sealNamesKey(namesKey, paperKeys.x25519, account, random)
    const head = { version: 1, kind: 'genesis', previous: null, at: clock.now() } as const
    const link = signLink({ ...head, account, device, paper: paperKeys, names }, [
      deviceSigner(seeds),
      { by: 'paper', seed: paper.ed25519 },
    ])
    wipePaperSeeds(paper)
    const identity = linkHash(decodeSignedLink(link).body)
    return { seeds, namesKey, identity, links: [link], picked: [], paperState: 'not-shown', paperSecret }
  }

  async #unconfirmed(accountId: AccountId): Promise<{ account: Aor; record: IdentityRecord; secret: Uint8Array }> {
    const account = this.#ports.aorOf(accountId)
    const record = account === null ? null : await this.#records.load(account)
    const secret = record?.paperSecret ?? null
    if (account === null || record === null || secret === null) {
      if (record !== null) wipeIdentity(record)
      throw new SottoError('not-found')
    }
    return { account, record, secret }
  }
}

/** Whether these are the paper keys that stand in link 0. */
function isPaperOf(link: Uint8Array | undefined, keys: PaperKeys): boolean {
  const body = link === undefined ? null : decodeLinkBody(decodeSignedLink(link).body)
  return body?.kind === 'genesis' && equalBytes(body.paper.ed25519, keys.ed25519)
}

function viewOf(record: IdentityRecord): IdentityView {
  return {
    identityHash: identityDigits(record.identity),
    deviceId: deviceIdText(deviceIdOf(publicKeyOf('ed25519', record.seeds.ed25519))),
    paperSecret: record.paperState,
  }
}

function fits(words: readonly string[], positions: readonly number[], typed: Uint8Array): boolean {
  const given = splitWords(utf8Text(typed) ?? '')
  if (given.length !== positions.length) return false
  return positions.every((position, index) => {
    const word = words[position]
    return word !== undefined && wordIndex(given[index] ?? '') === wordIndex(word)
  })
}
