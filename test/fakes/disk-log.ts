/**
 * The log of test/native/disk-shim.c: what changed the files of one folder, in order.
 *
 *     u32 op · u32 id · u64 offset · u64 bytes · u32 name bytes · u32 other name bytes · name · other name · bytes
 *
 * in the byte order of the machine, little-endian.
 */
const headerBytes = 32

/** A file, by the number that it keeps under every name. */
export type FileId = number

/** Offsets and lengths in bytes, paths below the folder. */
export type DiskRecord =
  | { readonly op: 'create'; readonly id: FileId; readonly name: string }
  | { readonly op: 'write'; readonly id: FileId; readonly offset: number; readonly bytes: Buffer }
  | { readonly op: 'truncate'; readonly id: FileId; readonly length: number }
  | { readonly op: 'sync'; readonly id: FileId }
  /** `found` = a file that was there before is opened for the first time. */
  | { readonly op: 'found'; readonly id: FileId; readonly name: string }
  | { readonly op: 'rename'; readonly name: string; readonly to: string }
  | { readonly op: 'link'; readonly name: string; readonly to: string }
  | { readonly op: 'unlink' | 'sync-folder' | 'make-folder'; readonly name: string }
  | { readonly op: 'mark'; readonly text: string }

interface Fields {
  readonly id: FileId
  readonly offset: number
  readonly name: string
  readonly other: string
  readonly bytes: Buffer
}

const makers: readonly ((fields: Fields) => DiskRecord)[] = [
  ({ id, name }) => ({ op: 'create', id, name }),
  ({ id, offset, bytes }) => ({ op: 'write', id, offset, bytes }),
  ({ id, offset }) => ({ op: 'truncate', id, length: offset }),
  ({ id }) => ({ op: 'sync', id }),
  ({ name, other }) => ({ op: 'rename', name, to: other }),
  ({ name }) => ({ op: 'unlink', name }),
  ({ name }) => ({ op: 'sync-folder', name }),
  ({ bytes }) => ({ op: 'mark', text: bytes.toString() }),
  ({ name }) => ({ op: 'make-folder', name }),
  ({ name, other }) => ({ op: 'link', name, to: other }),
  ({ id, name }) => ({ op: 'found', id, name }),
]

/** What {@link parseDiskLog} reads as a mark: a program that is not watched says something between what the watched one does. */
export function encodeMark(text: string): Buffer {
  const [header, bytes] = [Buffer.alloc(headerBytes), Buffer.from(text)]
  header.writeUInt32LE(8)
  header.writeBigUInt64LE(BigInt(bytes.length), 16)
  return Buffer.concat([header, bytes])
}

/** Reads a whole log; throws where it is cut. */
export function parseDiskLog(log: Buffer): readonly DiskRecord[] {
  const records: DiskRecord[] = []
  for (let at = 0; at < log.length;) {
    const [op, id] = [log.readUInt32LE(at), log.readUInt32LE(at + 4)]
    const [offset, length] = [Number(log.readBigUInt64LE(at + 8)), Number(log.readBigUInt64LE(at + 16))]
    const ends = [log.readUInt32LE(at + 24), log.readUInt32LE(at + 28), length]
    at += headerBytes
    const [name, other, bytes] = ends.map((size) => log.subarray(at, (at += size)))
    const make = makers[op - 1]
    if (make === undefined || bytes === undefined || at > log.length) throw new Error(`damaged log at ${at}`)
    records.push(make({ id, offset, name: String(name), other: String(other), bytes }))
  }
  return records
}
