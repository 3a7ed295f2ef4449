/** The whole verification of an export: every part against its manifest, every entry against the model, before anything is applied. */
import { createHash } from 'node:crypto'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { ProtocolError } from '#shared/errors.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { ManifestSignature } from '#shared/model/export-signature.ts'
import type { AgeFile } from '../age/age-reader.ts'
import { attachmentOf, type AttachmentRef } from '../format/attachments.ts'
import { entryFromLine } from '../format/entry-json.ts'
import { EntryRules } from '../format/entry-rules.ts'
import { attachmentIdOfName } from '../format/names.ts'
import { exportError, parseManifest, parseSignatures, type Manifest, type ManifestPart } from '../format/manifest.ts'
import { linesOf, walkExport, type ExportPart, type WalkPorts } from './export-walk.ts'

/** An export whose parts are those of its manifest; who signed it is the caller's to judge. */
export interface VerifiedExport {
  readonly manifest: Manifest
  readonly manifestSha256: Uint8Array
  readonly signatures: readonly ManifestSignature[]
  /** Attachments that entries name and the file holds, with the keys the entries give them. */
  readonly attachments: ReadonlyMap<string, AttachmentRef>
  /** Entries of a later version, which this one cannot keep. */
  readonly leftOut: number
}

interface Seen {
  readonly parts: { readonly name: string; readonly size: number; readonly sha256: string }[]
  readonly accounts: Set<string>
  readonly conversations: Set<string>
  readonly refs: Map<string, AttachmentRef>
  readonly rules: EntryRules
  manifest: { readonly bytes: Uint8Array } | null
  signatures: Uint8Array | null
  lines: number
  messages: number
  leftOut: number
}

/** @throws ProtocolError when anything is not as the manifest says, or the file is cut, changed or over a bound. */
export async function verifyExport(file: AgeFile, ports: WalkPorts): Promise<VerifiedExport> {
  const accounts = new Set<string>()
  const seen: Seen = {
    ...{ parts: [], accounts, conversations: new Set(), refs: new Map() },
    rules: new EntryRules(),
    ...{ manifest: null, signatures: null, lines: 0, messages: 0, leftOut: 0 },
  }
  for await (const part of walkExport(file, ports)) await note(part, seen)
  if (seen.manifest === null || seen.signatures === null) throw exportError('export-malformed', 'no manifest')
  const manifest = parseManifest(seen.manifest.bytes)
  compare(manifest, seen)
  return {
    manifest,
    manifestSha256: createHash('sha256').update(seen.manifest.bytes).digest(),
    signatures: parseSignatures(seen.signatures),
    attachments: heldRefs(manifest, seen.refs),
    leftOut: seen.leftOut,
  }
}

async function note(part: ExportPart, seen: Seen): Promise<void> {
  if (part.kind === 'manifest') {
    seen.manifest = part
    return
  }
  if (seen.manifest !== null && part.kind !== 'signatures') throw exportError('export-malformed', 'after the manifest')
  if (part.kind === 'signatures') {
    if (seen.manifest === null) throw exportError('export-malformed', 'no manifest')
    seen.signatures = part.bytes
    return
  }
  if (part.kind === 'attachment') {
    const hash = createHash('sha256')
    for await (const piece of part.stream) hash.update(piece)
    seen.parts.push({ name: part.name, size: part.size, sha256: toBase64Url(hash.digest()) })
    return
  }
  if (part.kind === 'entries') noteEntries(part.bytes, seen)
  seen.parts.push({ name: part.name, size: part.bytes.length, sha256: part.sha256 })
}

function noteEntries(bytes: Uint8Array, seen: Seen): void {
  for (const line of linesOf(bytes)) {
    seen.lines += 1
    const entry = readEntry(line, seen.rules)
    if (entry === null) {
      seen.leftOut += 1
      continue
    }
    const { head, body } = entry
    seen.accounts.add(head.account)
    if ('conversation' in body) seen.conversations.add(body.conversation)
    if (body.kind === 'message') seen.messages += 1
    const ref = attachmentOf(entry)
    if (ref !== null) seen.refs.set(ref.id, ref)
  }
}

/** One line as an entry that may be stored; null for one of a later version. @throws ProtocolError. */
export function readEntry(line: string, rules: EntryRules): Entry | null {
  const entry = entryFromLine(line)
  if (entry === null) return null
  rules.check(entry)
  try {
    encodeEntry(entry)
  } catch (error) {
    throw error instanceof ProtocolError ? exportError('export-malformed', error.message) : error
  }
  return entry
}

function compare(manifest: Manifest, seen: Seen): void {
  const { parts, counts, accounts } = manifest
  if (parts.length !== seen.parts.length || !parts.every((part, i) => isSamePart(part, seen.parts[i])))
    throw exportError('export-altered', 'parts')
  const attachments = parts.filter(({ name }) => attachmentIdOfName(name) !== null).length
  const known = seen.leftOut === 0
  const same =
    counts.entries === seen.lines &&
    counts.attachments === attachments &&
    (!known || (counts.messages === seen.messages && counts.conversations === seen.conversations.size))
  if (!same) throw exportError('export-altered', 'counts')
  if (![...seen.accounts].every((account) => accounts.includes(account)))
    throw exportError('export-altered', 'accounts')
}

function isSamePart(part: ManifestPart, seen: Seen['parts'][number] | undefined): boolean {
  return part.name === seen?.name && part.size === seen.size && part.sha256 === seen.sha256
}

function heldRefs(manifest: Manifest, refs: ReadonlyMap<string, AttachmentRef>): ReadonlyMap<string, AttachmentRef> {
  const held = new Map<string, AttachmentRef>()
  for (const { name } of manifest.parts) {
    const id = attachmentIdOfName(name)
    const ref = id === null ? undefined : refs.get(id)
    if (ref !== undefined) held.set(name, ref)
  }
  return held
}
