/** One import: verifies the whole file, then hands out what is to be applied, checking every part once more against what was verified. */
import { createHash } from 'node:crypto'
import { packEntries } from '#main/history/archive-reader.ts'
import type { PackedEntries } from '#main/history/archive-port.ts'
import type { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { ManifestSignature, SignatureWorth } from '#shared/model/export-signature.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { openAgeFile, type AgeFile } from '../age/age-reader.ts'
import { openFileSource, type ByteSource } from '../age/byte-source.ts'
import type { OpeningSecret } from '../age/header.ts'
import { fromFile, type FileOrigin } from '../apply/from-file.ts'
import { attachmentOf } from '../format/attachments.ts'
import { EntryRules } from '../format/entry-rules.ts'
import { entriesPerCommit } from '../format/limits.ts'
import { exportError, type ManifestPart } from '../format/manifest.ts'
import { attachmentName } from '../format/names.ts'
import { linesOf, walkExport, type ExportPart, type WalkPorts } from './export-walk.ts'
import { readEntry, verifyExport, type VerifiedExport } from './verify-export.ts'

export interface ImportJobPorts {
  readonly attachments: Pick<AttachmentStore, 'has' | 'isIntact' | 'restore'>
  readonly clock: ClockPort
  readonly check: () => void
  readonly progress: (progress: ImportProgress) => void
}

export interface ImportProgress {
  readonly phase: 'verifying' | 'comparing' | 'attachments' | 'importing'
  /** Bytes of the file. */
  readonly done: number
  readonly total: number
}

/** The next entries to apply, and the part after which the import would go on. */
export interface ImportBatch extends PackedEntries {
  /** Parts of the file that are applied with this batch. */
  readonly partsDone: number
  /** Entries of this batch that a file has no say in. */
  readonly leftOut: number
}

export class ImportJob {
  readonly #ports: ImportJobPorts
  readonly #source: ByteSource
  readonly #file: AgeFile
  readonly #export: VerifiedExport
  readonly #rules = new EntryRules()
  /** Who vouches for entries of an account: null = its own device, which keeps what it said. */
  readonly #origins = new Map<Aor, FileOrigin | null>()
  readonly #fallback: FileOrigin

  private constructor(ports: ImportJobPorts, file: { source: ByteSource; age: AgeFile; verified: VerifiedExport }) {
    this.#ports = ports
    this.#source = file.source
    this.#file = file.age
    this.#export = file.verified
    const hash = createHash('sha256')
      .update(concatBytes(utf8('sotto file\0'), file.verified.manifestSha256))
      .digest()
    this.#fallback = { device: toBase64Url(hash.subarray(0, 16)) as DeviceId, nowMs: ports.clock.now() }
  }

  /**
   * Opens and verifies a file as a whole.
   * @throws ProtocolError for anything but a whole, unchanged export; SottoError `not-found`, `disk-failed`.
   */
  static async open(path: string, secret: OpeningSecret, ports: ImportJobPorts): Promise<ImportJob> {
    const source = await openFileSource(path)
    try {
      const age = await openAgeFile(source, secret)
      const walk = watching(ports, 'verifying', age.sealedBytes)
      return new ImportJob(ports, { source, age, verified: await verifyExport(age, walk) })
    } catch (error) {
      await source.close()
      throw error
    }
  }

  get verified(): VerifiedExport {
    return this.#export
  }

  /** Says what each signature of the file is worth; before that, and for other accounts, nobody vouches. */
  judge(judged: readonly { readonly signature: ManifestSignature; readonly worth: SignatureWorth }[]): void {
    const { nowMs } = this.#fallback
    for (const { signature, worth } of judged) {
      if (worth === 'own') this.#origins.set(signature.account, null)
      if (worth === 'foreign') this.#origins.set(signature.account, { device: signature.device, nowMs })
    }
  }

  /** Puts back the attachments that are not here; entries that name them come after. */
  async restoreAttachments(): Promise<{ readonly restored: number; readonly held: number }> {
    const { attachments } = this.#export
    let [restored, held] = [0, 0]
    if (attachments.size === 0) return { restored, held }
    for await (const part of this.#walk('attachments')) {
      if (part.kind !== 'attachment') continue
      if (await this.#restore(part)) restored += 1
      else held += 1
    }
    return { restored, held }
  }

  async #restore(part: Extract<ExportPart, { kind: 'attachment' }>): Promise<boolean> {
    const facts = this.#partOf(part.name)
    const ref = this.#export.attachments.get(part.name)
    const noncePrefix = facts.prefix === undefined ? null : fromBase64Url(facts.prefix)
    if (ref === undefined || noncePrefix === null || (await this.#holds(ref.id))) {
      await drain(part.stream)
      return false
    }
    await this.#ports.attachments.restore({ ...ref, noncePrefix }, hashed(part.stream, facts))
    return true
  }

  async #holds(id: Parameters<AttachmentStore['has']>[0]): Promise<boolean> {
    return (await this.#ports.attachments.has(id)) && this.#ports.attachments.isIntact(id)
  }

  /** Batches of entries from the part after `partsDone` on. */
  async *batches(phase: 'comparing' | 'importing', partsDone = 0): AsyncGenerator<ImportBatch> {
    let done = 0
    for await (const part of this.#walk(phase)) {
      if (part.kind === 'attachment') {
        await drain(part.stream)
      }
      if (part.kind !== 'entries') continue
      done += 1
      if (done <= partsDone) continue
      // The file may have changed since it was verified: only the very bytes of then are applied.
      if (part.sha256 !== this.#partOf(part.name).sha256) throw exportError('export-altered', part.name)
      const lines = linesOf(part.bytes)
      for (let at = 0; at < lines.length; at += entriesPerCommit) {
        const isLast = at + entriesPerCommit >= lines.length
        yield this.#batchOf(lines.slice(at, at + entriesPerCommit), isLast ? done : done - 1)
      }
    }
  }

  #batchOf(lines: readonly string[], partsDone: number): ImportBatch {
    const entries = lines.map((line) => readEntry(line, this.#rules))
    const coming = entries
      .map((entry) => (entry === null ? null : this.#asTaken(entry)))
      .filter((entry) => entry !== null)
    return { ...packEntries(coming.map(encodeEntry)), partsDone, leftOut: lines.length - coming.length }
  }

  #asTaken(entry: Entry): Entry | null {
    const origin = this.#origins.get(entry.head.account)
    if (origin === null) return entry
    const taken = fromFile(entry, origin ?? this.#fallback)
    const ref = taken === null ? null : attachmentOf(taken)
    // A file names attachments that it brings, not those that are here.
    if (taken === null || ref === null || this.#export.attachments.has(attachmentName(ref.id))) return taken
    return withoutAttachment(taken)
  }

  #walk(phase: ImportProgress['phase']): AsyncGenerator<ExportPart> {
    return walkExport(this.#file, watching(this.#ports, phase, this.#file.sealedBytes))
  }

  #partOf(name: string): ManifestPart {
    const part = this.#partsByName().get(name)
    if (part === undefined) throw exportError('export-altered', name)
    return part
  }

  #byName: ReadonlyMap<string, ManifestPart> | null = null
  #partsByName(): ReadonlyMap<string, ManifestPart> {
    this.#byName ??= new Map(this.#export.manifest.parts.map((part) => [part.name, part]))
    return this.#byName
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}

/** What is not needed is read all the same: the walk goes on behind it. */
async function drain(stream: AsyncGenerator<Uint8Array>): Promise<void> {
  while ((await stream.next()).done !== true);
}

/** The file stays named, its bytes are elsewhere. */
function withoutAttachment(entry: Entry): Entry {
  const { attachment: _, attachmentKey: __, ...body } = entry.body as unknown as Readonly<Record<string, unknown>>
  return { ...entry, body: body as unknown as Entry['body'] }
}

function watching({ check, progress }: ImportJobPorts, phase: ImportProgress['phase'], total: number): WalkPorts {
  return { check, progress: (done) => progress({ phase, done, total }) }
}

/** @throws ProtocolError `export-altered` at the end when these are not the bytes that were verified. */
async function* hashed(stream: AsyncGenerator<Uint8Array>, facts: ManifestPart): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for await (const piece of stream) {
    hash.update(piece)
    yield piece
  }
  if (toBase64Url(hash.digest()) !== facts.sha256) throw exportError('export-altered', facts.name)
}
