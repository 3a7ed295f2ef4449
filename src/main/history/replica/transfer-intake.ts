/** Takes the pieces of a history in, inside a running transaction each: entries as everything else, and never sealed again. */
import type { Database } from 'better-sqlite3'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { decodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry, Hlc } from '#shared/model/entry.ts'
import { compareHlc } from '#shared/model/hlc.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import type { EntryApplier, Touched } from '../apply-entry.ts'
import { maxTokenLength, type TransferPiece } from '../transfer-port.ts'
import type { ReplicaDevices } from './replica-devices.ts'
import type { ReplicaEnvelopes } from './replica-envelopes.ts'
import type { ReplicaTrace } from './replica-trace.ts'
import { decodePiece, type PieceOf } from './transfer-piece.ts'

export interface TransferIntakeParts {
  readonly db: Database
  readonly applier: EntryApplier
  readonly trace: ReplicaTrace
  readonly devices: ReplicaDevices
  readonly envelopes: ReplicaEnvelopes
  readonly now: () => number
}

interface Target {
  readonly account: string
  readonly replica: number
}

export class TransferIntake {
  readonly #parts: TransferIntakeParts

  constructor(parts: TransferIntakeParts) {
    this.#parts = parts
  }

  /** Token of the last piece taken in; null when none was, or all were. */
  taken(replica: number): string | null {
    const row = this.#parts.db.prepare<[number], string | null>('SELECT transfer_token FROM replica WHERE ref = ?')
    return row.pluck().get(replica) ?? null
  }

  /** Returns the latest timestamp of its entries. @throws SottoError `invalid-argument`. */
  take(target: Target, { token, bytes }: Pick<TransferPiece, 'token' | 'bytes'>, touched: Touched): Hlc | null {
    if (token.length > maxTokenLength) throw new SottoError('invalid-argument')
    const { account, replica } = target
    const piece = decodePiece(account, bytes)
    let latest: Hlc | null = null
    if (piece.kind === 'state') this.#keep(replica, bytes)
    else if (piece.kind === 'entries') latest = this.#takeEntries(target, piece, touched)
    else if (piece.kind === 'envelopes') this.#takeEnvelopes(replica, piece)
    else if (piece.kind === 'unopened') this.#takeUnopened(replica, piece)
    else this.#end(target)
    const save = this.#parts.db.prepare('UPDATE replica SET transfer_token = ? WHERE ref = ?')
    save.run(piece.kind === 'end' ? null : token, replica)
    return latest
  }

  /** Counts only once everything it speaks of is here. */
  #keep(replica: number, state: Uint8Array | null): void {
    this.#parts.db.prepare('UPDATE replica SET transfer_state = ? WHERE ref = ?').run(state, replica)
  }

  #takeEntries({ account }: Target, { entries }: PieceOf<'entries'>, touched: Touched): Hlc | null {
    const { applier, trace } = this.#parts
    let latest: Hlc | null = null
    trace.withoutSealing(() => {
      for (const bytes of entries) {
        const entry = entryOf(account, bytes)
        if (entry === null) continue
        applier.apply(entry, touched, bytes)
        trace.wantsFile(entry)
        if (latest === null || compareHlc(latest, entry.head.hlc) < 0) latest = entry.head.hlc
      }
      applier.finish(touched)
    })
    return latest
  }

  #takeEnvelopes(replica: number, { device, seqs, envelopes }: PieceOf<'envelopes'>): void {
    if (envelopes.length !== seqs.length * 48) throw new SottoError('invalid-argument')
    const ref = this.#parts.devices.refOf(replica, device)
    for (const [i, seq] of seqs.entries()) {
      const bodyHash = envelopes.subarray(i * 48, i * 48 + 32)
      this.#parts.trace.standsInKnown({ device: ref, seq, bodyHash }, envelopes.subarray(i * 48 + 32, i * 48 + 48))
    }
  }

  #takeUnopened(replica: number, { envelopes }: PieceOf<'unopened'>): void {
    for (const { device, ...envelope } of envelopes)
      this.#parts.envelopes.addUnopened(this.#parts.devices.refOf(replica, device), envelope)
  }

  #end({ account, replica }: Target): void {
    const { db } = this.#parts
    const kept = db.prepare<[number], Uint8Array | null>('SELECT transfer_state FROM replica WHERE ref = ?').pluck()
    const state = kept.get(replica) ?? null
    if (state === null) return
    const piece = decodePiece(account, state)
    if (piece.kind !== 'state') throw new SottoError('invalid-argument')
    this.#takeHashes(replica, piece)
    this.#takePlaces(replica, piece)
    this.#keep(replica, null)
  }

  #takeHashes(replica: number, { hashes, erased }: PieceOf<'state'>): void {
    const { devices, trace, now } = this.#parts
    for (const one of hashes) {
      const ref = devices.refOf(replica, one.device)
      for (const [i, seq] of one.seqs.entries())
        devices.noteHash(ref, { seq, hash: one.hashes.subarray(i * 32, i * 32 + 32) }, now())
    }
    for (const one of erased) {
      const ref = devices.refOf(replica, one.device)
      for (const [i, seq] of one.seqs.entries())
        trace.bury({ device: ref, seq, bodyHash: one.hashes.subarray(i * 32, i * 32 + 32) }, true)
    }
  }

  #takePlaces(replica: number, { places, claims, missing }: PieceOf<'state'>): void {
    const { db, devices, envelopes, now } = this.#parts
    const own = db.prepare<[number], Uint8Array | null>('SELECT own_device FROM replica WHERE ref = ?')
    const ownDevice = own.pluck().get(replica) ?? new Uint8Array()
    for (const body of missing) envelopes.addMissing(devices.refOf(replica, body.device), body)
    for (const claim of claims) devices.keepClaim(devices.refOf(replica, claim.device), claim, now())
    for (const place of places) {
      if (equalBytes(place.device, ownDevice) || place.seq <= devices.readOf(replica, place.device)) continue
      devices.keepPlace(devices.refOf(replica, place.device), place, now())
    }
  }
}

/**
 * Null for what this version cannot read, as a newer one may hold: a history that is given whole must not fail for one entry of it.
 * @throws SottoError `invalid-argument` for an entry of another account.
 */
function entryOf(account: string, bytes: Uint8Array): Entry | null {
  const entry = readOrNull(bytes)
  if (entry !== null && (entry.head.account !== account || fromBase64Url(entry.head.id)?.length !== 16))
    throw new SottoError('invalid-argument')
  return entry
}

function readOrNull(bytes: Uint8Array): Entry | null {
  try {
    return decodeEntry(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
