/**
 * What a disk may hold after a power cut: of each file what was synced, and any part of what was written since, in sectors;
 * of each folder the names that were synced, and any of the changes since. Strict as POSIX is: syncing a file does not make
 * its name durable, and a folder is gone with its own name.
 */
import path from 'node:path'
import type { DiskRecord, FileId } from './disk-log.ts'
import type { SeededRandom } from './seeded-random.ts'

type FileChange = Extract<DiskRecord, { readonly op: 'write' | 'truncate' }>

interface FileOnDisk {
  durable: Buffer
  pending: FileChange[]
}

/** Names that change together; null = the name goes. */
interface NameChange {
  readonly folders: readonly string[]
  readonly names: readonly (readonly [name: string, id: FileId | null])[]
}

/** How much of what was not synced the disk has: none, all, or a part, torn into sectors of so many bytes. */
export type Survival = 'nothing' | 'everything' | { readonly random: SeededRandom; readonly sectorBytes: number }

/** A disk as it is found: contents by path; null for a folder. */
export type DiskState = ReadonlyMap<string, Buffer | null>

const folderId = -1

export class CutDisk {
  readonly #files = new Map<FileId, FileOnDisk>()
  readonly #names = new Map<string, FileId>()
  /** All names as the running system sees them. */
  readonly #seen = new Map<string, FileId>()
  #pendingNames: NameChange[] = []
  /** Goes up whenever something became durable. */
  #durableVersion = 0

  /** @param found - What is on the disk already, durably. */
  constructor(found: DiskState = new Map()) {
    for (const [index, [name, content]] of [...found].entries()) {
      const id = content === null ? folderId : folderId - 1 - index
      if (content !== null) this.#files.set(id, { durable: content, pending: [] })
      this.#names.set(name, id)
      this.#seen.set(name, id)
    }
  }

  get durableVersion(): number {
    return this.#durableVersion
  }

  apply(record: DiskRecord): void {
    if (record.op === 'write' || record.op === 'truncate') this.#fileOf(record.id).pending.push(record)
    else if (record.op === 'sync') this.#sync(this.#fileOf(record.id))
    else if (record.op === 'sync-folder') this.#syncFolder(record.name)
    else if (record.op === 'create') this.#create(record)
    else if (record.op === 'found') this.#find(record)
    else if (record.op === 'make-folder') this.#rename([[record.name, folderId]])
    else if (record.op === 'unlink') this.#rename([[record.name, null]])
    else if (record.op === 'rename') this.#move(record)
    else if (record.op === 'link') this.#rename([[record.to, this.#seen.get(record.name) ?? null]])
  }

  /** The disk if the power went now. */
  cut(survival: Survival): DiskState {
    const names = new Map(this.#names)
    for (const change of this.#pendingNames) {
      if (survives(survival)) applyNames(names, change)
    }
    const state = new Map<string, Buffer | null>()
    for (const [name, id] of names) {
      if (!hasFolder(names, name)) continue
      state.set(name, id === folderId ? null : contentOf(this.#fileOf(id), survival))
    }
    return state
  }

  #fileOf(id: FileId): FileOnDisk {
    const file = this.#files.get(id)
    if (file === undefined) throw new Error(`no file ${id}`)
    return file
  }

  #create({ id, name }: Extract<DiskRecord, { op: 'create' }>): void {
    this.#files.set(id, { durable: Buffer.alloc(0), pending: [] })
    this.#rename([[name, id]])
  }

  /** From here on it has this number too. */
  #find({ id, name }: Extract<DiskRecord, { op: 'found' }>): void {
    this.#files.set(id, this.#fileOf(this.#seen.get(name) ?? folderId))
  }

  #move({ name, to }: Extract<DiskRecord, { op: 'rename' }>): void {
    this.#rename([
      [name, null],
      [to, this.#seen.get(name) ?? null],
    ])
  }

  #sync(file: FileOnDisk): void {
    if (file.pending.length > 0) this.#durableVersion += 1
    file.durable = contentOf(file, 'everything')
    file.pending = []
  }

  #rename(names: NameChange['names']): void {
    const change = { names, folders: [...new Set(names.map(([name]) => folderOf(name)))] }
    applyNames(this.#seen, change)
    this.#pendingNames.push(change)
  }

  /** All earlier changes in this folder are durable: a rename as a whole. */
  #syncFolder(folder: string): void {
    const durable = this.#pendingNames.filter(({ folders }) => folders.includes(folder))
    for (const change of durable) applyNames(this.#names, change)
    this.#pendingNames = this.#pendingNames.filter((change) => !durable.includes(change))
    if (durable.length > 0) this.#durableVersion += 1
  }
}

function folderOf(name: string): string {
  const folder = path.posix.dirname(name)
  return folder === '.' ? '' : folder
}

/** Whether all folders above a name are there. */
function hasFolder(names: ReadonlyMap<string, FileId>, name: string): boolean {
  const folder = folderOf(name)
  return folder === '' || (names.has(folder) && hasFolder(names, folder))
}

function applyNames(names: Map<string, FileId>, change: NameChange): void {
  for (const [name, id] of change.names) {
    if (id === null) names.delete(name)
    else names.set(name, id)
  }
}

function survives(survival: Survival): boolean {
  return typeof survival === 'string' ? survival === 'everything' : survival.random.unit() < 0.5
}

function contentOf({ durable, pending }: FileOnDisk, survival: Survival): Buffer {
  if (survival === 'nothing' || pending.length === 0) return durable
  let content: Buffer = Buffer.from(durable)
  for (const change of pending) {
    if (change.op === 'write') content = written(content, change, survival)
    else if (survives(survival)) content = withLength(content, change.length)
  }
  return content
}

function withLength(content: Buffer, length: number): Buffer {
  const resized = Buffer.alloc(length)
  content.copy(resized, 0, 0, Math.min(length, content.length))
  return resized
}

/** The content after a write, whole or in parts; what lies between stays, or is zero where there was nothing. */
function written(
  content: Buffer,
  { offset, bytes }: Extract<FileChange, { op: 'write' }>,
  survival: Exclude<Survival, 'nothing'>,
): Buffer {
  const whole = survival === 'everything' || survival.random.unit() < 0.4
  if (!whole && survival.random.unit() < 0.4) return content
  const end = offset + bytes.length
  const next = content.length < end ? withLength(content, end) : content
  if (whole) bytes.copy(next, offset)
  else copySectors(next, { offset, bytes }, survival)
  return next
}

function copySectors(
  target: Buffer,
  { offset, bytes }: { readonly offset: number; readonly bytes: Buffer },
  { random, sectorBytes }: Exclude<Survival, string>,
): void {
  const end = offset + bytes.length
  for (let from = offset; from < end;) {
    const to = Math.min(end, (Math.floor(from / sectorBytes) + 1) * sectorBytes)
    if (random.unit() < 0.5) bytes.copy(target, from, from - offset, to - offset)
    from = to
  }
}
