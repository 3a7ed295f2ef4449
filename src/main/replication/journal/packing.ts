/** Contents in few buffers: hundreds of small ones cross threads slowly, and a view takes its whole buffer along. */
import { concatBytes, toHex } from '#shared/bytes/bytes.ts'
import type { PackedEntries } from '#main/history/archive-port.ts'
import type { BatchRead, OpenedLater, PackedContents } from '#main/history/replica-port.ts'
import type { Place, Tombstone } from '#shared/replication/head.ts'
import type { OpenedContent, ReadBatch } from '../ports.ts'

export function packContents(contents: readonly OpenedContent[]): PackedContents {
  const ends = new Uint32Array(contents.length)
  let total = 0
  for (const [i, { content }] of contents.entries()) ends[i] = total += content.length
  return {
    bytes: concatBytes(...contents.map(({ content }) => content)),
    ends,
    seqs: Float64Array.from(contents, ({ seq }) => seq),
    bodyHashes: concatBytes(...contents.map(({ bodyHash }) => bodyHash)),
  }
}

/** A batch without the buffer it was cut from: it is held, and sent to another thread. */
export function ownBytes({ place, contents, unopened, missing, frontier, erased }: ReadBatch): BatchRead {
  return {
    place: ownPlace(place),
    contents: packContents(contents),
    unopened: unopened.map(({ header, body }) => ({ header: Uint8Array.from(header), body: Uint8Array.from(body) })),
    missing: missing.map((body) => ({ ...ownTombstone(body), at: body.at })),
    frontier: frontier.map(ownPlace),
    erased: erased.map(ownTombstone),
  }
}

export function ownTombstone({ device, seq, bodyHash }: Tombstone): Tombstone {
  return { device: Uint8Array.from(device), seq, bodyHash: Uint8Array.from(bodyHash) }
}

export function ownPlace({ device, seq, hash, at }: Place): Place {
  return { device: Uint8Array.from(device), seq, hash: Uint8Array.from(hash), at }
}

/** Copies: what is sealed is not kept longer than it has to be. */
export function unpackQueued({ bytes, ends }: PackedEntries): readonly Uint8Array[] {
  return Array.from(ends, (end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end))
}

/** What was opened of several devices, each packed. */
export function byDevice(opened: readonly (OpenedContent & { readonly device: Uint8Array })[]): readonly OpenedLater[] {
  const groups = [...Map.groupBy(opened, ({ device }) => toHex(device)).values()]
  return groups.flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : [{ device: Uint8Array.from(first.device), contents: packContents(group) }]
  })
}
