/** Walks the parts of an export within their bounds; nothing of it is believed yet. */
import { createHash } from 'node:crypto'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { concatBytes, utf8Text } from '#shared/bytes/bytes.ts'
import type { AgeFile } from '../age/age-reader.ts'
import { exportError } from '../format/manifest.ts'
import {
  maxManifestBytes,
  maxPartBytes,
  maxPartLines,
  maxParts,
  maxReadmeBytes,
  maxSignaturesBytes,
} from '../format/limits.ts'
import { partKindOf } from '../format/names.ts'
import { readTar, type TarPart } from '../tar/tar-reader.ts'

/** What a walk reports, and where it hears that the user gave up. */
export interface WalkPorts {
  /** Throws when the walk is to end. */
  readonly check: () => void
  /** Plain bytes read so far. */
  readonly progress: (bytes: number) => void
}

/** One part of an export: small ones whole, attachments as a stream. */
export type ExportPart =
  | {
      readonly kind: 'readme' | 'entries' | 'manifest' | 'signatures'
      readonly name: string
      readonly bytes: Uint8Array
      readonly sha256: string
    }
  | {
      readonly kind: 'attachment'
      readonly name: string
      readonly size: number
      readonly stream: AsyncGenerator<Uint8Array>
    }

const limits = {
  readme: maxReadmeBytes,
  entries: maxPartBytes,
  manifest: maxManifestBytes,
  signatures: maxSignaturesBytes,
}

/** Parts in their order, each name once; an attachment's stream must be read to its end. @throws ProtocolError. */
export async function* walkExport(file: AgeFile, ports: WalkPorts): AsyncGenerator<ExportPart> {
  const seen = new Set<string>()
  for await (const part of readTar(counted(file, ports))) {
    const kind = partKindOf(part.name)
    if (kind === null) throw exportError('export-malformed', 'name')
    if (seen.has(part.name) || seen.has('signatures.json')) throw exportError('export-malformed', 'order')
    if (seen.size > maxParts) throw exportError('export-too-large', 'parts')
    seen.add(part.name)
    if (kind === 'attachment') yield { kind, name: part.name, size: part.size, stream: part.bytes }
    else yield { kind, name: part.name, ...(await wholePart(part, limits[kind])) }
  }
}

async function* counted(file: AgeFile, { check, progress }: WalkPorts): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const piece of file.walk()) {
    check()
    bytes += piece.length
    progress(bytes)
    yield piece
  }
}

async function wholePart(part: TarPart, limit: number): Promise<{ bytes: Uint8Array; sha256: string }> {
  if (part.size > limit) throw exportError('export-too-large', part.name)
  const pieces: Uint8Array[] = []
  for await (const piece of part.bytes) pieces.push(piece)
  const bytes = concatBytes(...pieces)
  return { bytes, sha256: sha256Text(bytes) }
}

/** SHA-256, base64url. */
export function sha256Text(bytes: Uint8Array): string {
  return toBase64Url(createHash('sha256').update(bytes).digest())
}

/** Lines of a part with entries. @throws ProtocolError `export-malformed`, `export-too-large`. */
export function linesOf(bytes: Uint8Array): readonly string[] {
  const text = utf8Text(bytes)
  if (text === null) throw exportError('export-malformed', 'not UTF-8')
  if (text !== '' && !text.endsWith('\n')) throw exportError('export-malformed', 'last line')
  const lines = text.split('\n')
  lines.pop()
  if (lines.length > maxPartLines) throw exportError('export-too-large', 'lines')
  return lines
}
