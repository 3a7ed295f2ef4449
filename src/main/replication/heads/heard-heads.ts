/** What the person's other devices have said directly, as far as it is not found at the server yet, and who confirmed this history last. */
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { VerifierPort } from '#shared/ports/verifier.ts'
import type { Place } from '#shared/replication/head.ts'
import { decodeHeads, type HeadsStatement } from '#shared/replication/heads.ts'
import type { ReplicaJournal } from '../ports.ts'
import { lawfulBefore } from '../judge.ts'
import { checkHeads, type HeadsRefusal } from './check-heads.ts'
import type { HeadsDevices, HeadsSealing, HeardClaim, HeardNotes, HeardTip } from './heads-ports.ts'

/** A server has so long to bring what another device says is there, ms. */
export const graceMs = 120_000
/** Clocks differ, and a message may have waited somewhere; beyond that it is an old one, ms. */
const freshMs = 86_400_000
/** Whoever was not heard for so long is told at once how far this device is, ms. */
const awayMs = 7_200_000
const maxLater = 16
const maxClaims = 1024
const maxTips = 256

export interface HeardHeadsParts {
  readonly account: string
  readonly journal: Pick<ReplicaJournal, 'own' | 'places' | 'hashAt'>
  readonly devices: HeadsDevices
  readonly sealing: Pick<HeadsSealing, 'openHeads'>
  readonly crypto: Pick<VerifierPort, 'verify'>
  readonly clock: Pick<ClockPort, 'now' | 'monotonic'>
  readonly notes: HeardNotes
}

/** `taken`: it says something. `returned`: so, and its sender was away. `later`: chain or key have to come first; it is kept. */
export type Hearing = 'taken' | 'returned' | 'later' | Exclude<HeadsRefusal, 'no-key' | 'unknown-device'> | 'stale'

interface Since {
  /** By the monotonic clock, ms. */
  readonly since: number
}

interface Kept {
  readonly bytes: Uint8Array
  readonly returned: () => void
}

interface Tip extends Since {
  readonly tip: Omit<HeardTip, 'isDue'>
  readonly isHere: () => boolean
}

export class HeardHeads {
  readonly #parts: HeardHeadsParts
  readonly #claims = new Map<string, Since & { readonly place: Place }>()
  readonly #tips = new Map<string, Tip>()
  readonly #newest = new Map<string, HeadsStatement>()
  readonly #heard: Map<string, number>
  readonly #confirmed: Map<string, number>
  #later: readonly Kept[] = []

  constructor(parts: HeardHeadsParts) {
    this.#parts = parts
    this.#heard = new Map(Object.entries(parts.notes.heard))
    this.#confirmed = new Map(Object.entries(parts.notes.confirmed))
  }

  /**
   * Nothing of it counts before all of it was verified.
   * @param returned - Told, now or later ({@link HeardHeads.hearAgain}), that its sender was away.
   */
  hear(bytes: Uint8Array, returned: () => void = () => undefined): Hearing {
    const checked = checkHeads(bytes, this.#parts)
    const hearing = checked.ok ? this.#take(checked.value) : checked.error
    if (hearing === 'returned') returned()
    if (hearing !== 'no-key' && hearing !== 'unknown-device') return hearing
    return this.#keep({ bytes: Uint8Array.from(bytes), returned }, hearing === 'no-key')
  }

  /** A device that is known has signed it: then its chain has an epoch that is not known here. */
  #keep(kept: Kept, isSigned: boolean): Hearing {
    const { devices } = this.#parts
    const { device, epoch } = decodeHeads(kept.bytes)
    if (isSigned && epoch < devices.epoch()) return 'stale'
    this.#later = [...this.#later, kept].slice(-maxLater)
    const tip = { name: `epoch ${epoch}`, device: Uint8Array.from(device), seq: epoch }
    if (isSigned) this.#expect(tip, () => devices.epoch() >= epoch)
    return 'later'
  }

  #expect(tip: Tip['tip'], isHere: () => boolean): void {
    if (isHere() || this.#tips.has(tip.name) || this.#tips.size >= maxTips) return
    this.#tips.set(tip.name, { since: this.#parts.clock.monotonic(), tip, isHere })
  }

  /** Chain or keys may have come; returns whether anything was taken. */
  hearAgain(): boolean {
    const later = this.#later
    this.#later = []
    return later
      .map(({ bytes, returned }) => this.hear(bytes, returned))
      .some((hearing) => hearing === 'taken' || hearing === 'returned')
  }

  /**
   * A time for heads of this device, ms: others take none that are not newer than those before, whatever became of the clock meanwhile. One that
   * they cannot have taken does not count.
   */
  nextAt(): number {
    const [key, now] = [toBase64Url(this.#parts.devices.own), this.#parts.clock.now()]
    const before = this.#heard.get(key) ?? 0
    const at = before > now + freshMs ? now : Math.max(now, before + 1)
    this.#heard.set(key, at)
    return at
  }

  #take(statement: HeadsStatement): 'taken' | 'returned' | 'stale' {
    const { device, at, chain, frontier, epoch } = statement
    const [key, { clock, devices }] = [toBase64Url(device), this.#parts]
    // An older epoch: it may have missed that the account was erased and begun anew.
    const isFresh = Math.abs(clock.now() - at) <= freshMs && epoch >= devices.epoch()
    const before = this.#heard.get(key) ?? 0
    if (!isFresh || at <= before) return 'stale'
    this.#heard.set(key, at)
    this.#newest.set(key, statement)
    const since = clock.monotonic()
    for (const place of frontier) this.#claim(place, since)
    const head = toBase64Url(chain.head)
    this.#expect({ name: `link ${head}`, device, seq: chain.length }, () => devices.hasLink(head))
    return at - before >= awayMs ? 'returned' : 'taken'
  }

  /** What was said before keeps its time. */
  #claim(place: Place, since: number): void {
    const key = `${toHex(place.device)} ${place.seq} ${toHex(place.hash)}`
    if (this.#claims.has(key) || this.#isCovered(place)) return
    this.#claims.set(key, { since, place })
    const [oldest] = this.#claims.keys()
    if (this.#claims.size > maxClaims && oldest !== undefined) this.#claims.delete(oldest)
  }

  /** To be judged by an exchange that begins now. */
  claims(): readonly HeardClaim[] {
    return this.#known().map(({ place, since }) => ({ place, isDue: this.#isDue(since) }))
  }

  /** To be looked for in a chain that is asked for from now on. */
  tips(): readonly HeardTip[] {
    return [...this.#tips.values()].map(({ tip, since }) => ({ ...tip, isDue: this.#isDue(since) }))
  }

  /** The chain was read: returns those of `tips` that are overdue. */
  settleTips(tips: readonly HeardTip[]): readonly HeardTip[] {
    for (const [name, { isHere }] of this.#tips) if (isHere()) this.#tips.delete(name)
    return tips.filter(({ name, isDue }) => isDue && this.#tips.has(name))
  }

  /** An exchange has ended: what is here now was confirmed by whoever said it. */
  settle(): void {
    for (const [key, { place }] of this.#claims) if (this.#isCovered(place)) this.#claims.delete(key)
    for (const [key, { at, chain, frontier }] of this.#newest) {
      if (this.#tips.has(`link ${toBase64Url(chain.head)}`) || !frontier.every((place) => this.#isCovered(place)))
        continue
      this.#confirmed.set(key, at)
      this.#newest.delete(key)
    }
  }

  /** Something that was heard is to be looked for once more, when its time is up. */
  get isWaiting(): boolean {
    return [...this.#known(), ...this.#tips.values()].some(({ since }) => !this.#isDue(since))
  }

  /** Places that others have read and this device has not. */
  ahead(): readonly Place[] {
    return this.#known().map(({ place }) => place)
  }

  /** Of a device that the chain has not, nothing can be read: its link is what is missing. */
  #known(): readonly (Since & { readonly place: Place })[] {
    return [...this.#claims.values()].filter(({ place }) => this.#parts.devices.isListed(place.device))
  }

  notes(): HeardNotes {
    return { heard: Object.fromEntries(this.#heard), confirmed: Object.fromEntries(this.#confirmed) }
  }

  #isDue(since: number): boolean {
    return this.#parts.clock.monotonic() - since >= graceMs
  }

  /** Read here under the same hash, or not to be read any more. */
  #isCovered({ device, seq, hash, at }: Place): boolean {
    const { journal, devices, clock } = this.#parts
    if (at < lawfulBefore(clock.now())) return true
    const isOwn = equalBytes(device, devices.own)
    const place = isOwn ? journal.own() : journal.places().find((known) => equalBytes(known.device, device))
    const counted = Math.min(seq, devices.countsUntil(device) ?? Infinity)
    if (counted > (place?.seq ?? 0)) return false
    const known = journal.hashAt(device, seq)
    return known === null || equalBytes(known, hash)
  }
}
