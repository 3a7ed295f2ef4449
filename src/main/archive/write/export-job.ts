/** Writes one export: entries as they come, then their attachments, the manifest and who vouches for it; then reads it all back. */
import { createHash } from 'node:crypto'
import { unpackEntries } from '#main/history/archive-reader.ts'
import type { PackedEntries } from '#main/history/archive-port.ts'
import type { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { ManifestSignature } from '#shared/model/export-signature.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { Protection } from '../age/header.ts'
import { attachmentOf, type AttachmentRef } from '../format/attachments.ts'
import { entryToLine } from '../format/entry-json.ts'
import { fullPartBytes, fullPartLines } from '../format/limits.ts'
import {
  formatVersion,
  serializeManifest,
  serializeSignatures,
  type Manifest,
  type ManifestScope,
} from '../format/manifest.ts'
import { attachmentName, entriesName, manifestName, readmeName, signaturesName } from '../format/names.ts'
import { readmeBytes } from '../format/readme.ts'
import { verifyExport } from '../read/verify-export.ts'
import { ExportFile } from './export-file.ts'

export interface ExportJobPorts {
  readonly attachments: Pick<AttachmentStore, 'facts' | 'read'>
  readonly clock: ClockPort
  readonly random: RandomPort
  /** Throws when the user gave up. */
  readonly check: () => void
  readonly progress: (progress: ExportProgress) => void
}

export interface ExportProgress {
  readonly phase: 'attachments' | 'verifying'
  /** Bytes. */
  readonly done: number
  readonly total: number
}

export interface ExportStart {
  readonly target: string
  readonly protection: Protection
  readonly program: string
  readonly scope: ManifestScope
  readonly accounts: Manifest['accounts']
}

/** What was read back from the finished file. */
export interface ExportFacts {
  readonly entries: number
  readonly messages: number
  readonly conversations: number
  readonly attachments: number
  readonly missingAttachments: number
  readonly bytes: number
}

export class ExportJob {
  readonly #ports: ExportJobPorts
  readonly #start: ExportStart
  readonly #file: ExportFile
  readonly #refs = new Map<string, AttachmentRef>()
  readonly #conversations = new Set<string>()
  #lines: string[] = []
  #lineBytes = 0
  #part = 0
  #entries = 0
  #messages = 0
  #missing = 0
  #manifest: Uint8Array | null = null

  private constructor(ports: ExportJobPorts, start: ExportStart, file: ExportFile) {
    this.#ports = ports
    this.#start = start
    this.#file = file
  }

  /** @throws ProtocolError `age-malformed` for a recipient that is none; SottoError `disk-full`, `disk-failed`. */
  static async begin(start: ExportStart, ports: ExportJobPorts): Promise<ExportJob> {
    const file = await ExportFile.create({ ...start, random: ports.random })
    await file.add(readmeName, readmeBytes)
    return new ExportJob(ports, start, file)
  }

  async addEntries(packed: PackedEntries): Promise<void> {
    for (const bytes of unpackEntries(packed)) {
      const entry = decodeStoredEntry(bytes)
      this.#note(entry)
      const line = entryToLine(entry)
      this.#lines.push(line)
      this.#lineBytes += line.length
      if (this.#lineBytes >= fullPartBytes || this.#lines.length >= fullPartLines) await this.#writeLines()
    }
  }

  #note(entry: Entry): void {
    const { body } = entry
    this.#entries += 1
    if (body.kind === 'message') this.#messages += 1
    if ('conversation' in body) this.#conversations.add(body.conversation)
    const ref = attachmentOf(entry)
    if (ref !== null) this.#refs.set(ref.id, ref)
  }

  async #writeLines(): Promise<void> {
    if (this.#lines.length === 0) return
    this.#ports.check()
    this.#part += 1
    await this.#file.add(entriesName(this.#part), utf8(`${this.#lines.join('\n')}\n`))
    this.#lines = []
    this.#lineBytes = 0
  }

  /** After the last entries: attachments and manifest; returns the hash that devices sign. */
  async writeManifest(): Promise<Uint8Array> {
    await this.#writeLines()
    const attachments = await this.#writeAttachments()
    const { program, scope, accounts } = this.#start
    const counts = {
      ...{ entries: this.#entries, messages: this.#messages, conversations: this.#conversations.size },
      ...{ attachments, missingAttachments: this.#missing },
    }
    this.#manifest = serializeManifest({
      ...{ format: 'sotto-export', version: formatVersion, program, createdAt: this.#ports.clock.now() },
      ...{ scope, accounts, counts, parts: [...this.#file.parts] },
    })
    await this.#file.add(manifestName, this.#manifest)
    return createHash('sha256').update(this.#manifest).digest()
  }

  async #writeAttachments(): Promise<number> {
    const { attachments, progress } = this.#ports
    const found: (AttachmentRef & { size: number; prefix: string })[] = []
    for (const ref of this.#refs.values()) {
      const facts = await attachments.facts(ref)
      if (facts === null) this.#missing += 1
      else found.push({ ...ref, size: facts.size, prefix: toBase64Url(facts.noncePrefix) })
    }
    const total = found.reduce((sum, { size }) => sum + size, 0)
    let before = 0
    for (const { id, key, size, prefix } of found) {
      const report = (done: number): void => progress({ phase: 'attachments', done: before + done, total })
      await this.#file.addStream(
        { name: attachmentName(id), size, prefix },
        this.#watched(attachments.read({ id, key }), report),
      )
      before += size
    }
    return found.length
  }

  async *#watched(source: AsyncIterable<Uint8Array>, report: (done: number) => void): AsyncGenerator<Uint8Array> {
    let done = 0
    for await (const bytes of source) {
      this.#ports.check()
      yield bytes
      report((done += bytes.length))
    }
  }

  /**
   * Ends the file, reads it back from the disk, and only then gives it its name.
   * @throws SottoError `export-not-verified` when the disk gave back something else; `disk-full`, `disk-failed`.
   */
  async finish(signatures: readonly ManifestSignature[]): Promise<ExportFacts> {
    await this.#file.add(signaturesName, serializeSignatures(signatures))
    await this.#file.finish()
    const facts = await this.#readBack()
    this.#ports.check()
    await this.#file.publish()
    return facts
  }

  #readBack(): Promise<ExportFacts> {
    const { check, progress } = this.#ports
    return this.#file.readBack(async (file) => {
      const total = file.sealedBytes
      const report = (done: number): void => progress({ phase: 'verifying', done, total })
      try {
        const { manifest, manifestSha256 } = await verifyExport(file, { check, progress: report })
        const written = createHash('sha256')
          .update(this.#manifest ?? new Uint8Array())
          .digest()
        if (!written.equals(manifestSha256)) throw new SottoError('export-not-verified')
        return { ...manifest.counts, bytes: total }
      } catch (error) {
        throw error instanceof ProtocolError ? new SottoError('export-not-verified', {}, error) : error
      }
    })
  }

  /** Leaves nothing behind. */
  abandon(): Promise<void> {
    return this.#file.abandon()
  }
}
