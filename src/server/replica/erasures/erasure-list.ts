/** Which accounts were erased lately, in a file that no backup of the server goes back to: what a backup brings back is erased again. */
import { createHmac } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ensurePrivateDirectory, readIfThere, writePrivateFile } from '../../home/data-dir/private-file.ts'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import { encodeList, parseList, type Line, type ListKind } from './list-lines.ts'
import type { ErasureMark } from './marks.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'

const keyBytes = 32

export interface ErasureListPorts {
  readonly clock: Pick<ClockPort, 'now'>
  readonly random: RandomPort
}

/** One process has the file; each line is on the disk when its method returns. @throws what the file system throws. */
export class ErasureList {
  readonly #path: string
  readonly #clock: Pick<ClockPort, 'now'>
  readonly #key: Uint8Array
  #lines: readonly Line[]
  /** Whether there was no file: a server that knows of erasures has lost its list. */
  readonly isNew: boolean
  #file: number
  /** Whether the file has what `#lines` has; false after something of it failed. */
  #isWhole = true

  /** Drops what is older than `keptMs`, and what a power cut left of a last line. */
  static open(path: string, keptMs: number, { clock, random }: ErasureListPorts): ErasureList {
    const text = readIfThere(path)
    const parsed = text === null ? null : parseList(text)
    const key = (parsed === null ? null : fromBase64Url(parsed.key)) ?? random.bytes(keyBytes)
    const lines = (parsed?.lines ?? []).filter(({ at }) => at >= clock.now() - keptMs)
    ensureParent(path)
    return new ErasureList({ path, key, text, lines }, clock)
  }

  private constructor(
    { path, key, text, lines }: { path: string; key: Uint8Array; text: string | null; lines: readonly Line[] },
    clock: Pick<ClockPort, 'now'>,
  ) {
    this.#path = path
    this.#clock = clock
    this.#key = key
    this.#lines = lines
    this.isNew = text === null
    if (text !== encodeList(lines, toBase64Url(key))) this.#write(lines)
    this.#file = openToAppend(path)
  }

  /** Erasures that are listed. */
  get size(): number {
    return this.#lines.filter(({ kind }) => kind === 'erased').length
  }

  /** Whether what is written would be in the file that the next start reads. */
  get isThere(): boolean {
    try {
      return statSync(this.#path).ino === fstatSync(this.#file).ino
    } catch {
      return false
    }
  }

  /** What the list calls an account: only who has the file can tell whether it is one they know. */
  nameOf(account: string): string {
    return createHmac('sha256', this.#key).update(account).digest('base64url')
  }

  /** The account is being erased. */
  erased(account: string): ErasureMark {
    return this.#add('erased', account)
  }

  /** A device said that it is not to be erased. */
  kept(account: string): void {
    this.#add('kept', account)
  }

  /** By name, when each was last said. */
  newest(kind: ListKind): ReadonlyMap<string, number> {
    return new Map(this.#lines.filter((line) => line.kind === kind).map(({ name, at }) => [name, at]))
  }

  /** It was not done, and is not to be done at the next start either. @throws what the file system throws: then with the next line. */
  takeBack({ name, at }: ErasureMark): void {
    this.#replace(this.#lines.filter((line) => line.name !== name || line.at !== at))
  }

  /** Forgets what is older. */
  dropBefore(from: number): void {
    const kept = this.#lines.filter(({ at }) => at >= from)
    if (kept.length < this.#lines.length) this.#replace(kept)
  }

  close(): void {
    closeSync(this.#file)
  }

  #add(kind: ListKind, account: string): ErasureMark {
    // Later than all before, whatever the clock says: the newest counts.
    const at = Math.max(this.#clock.now(), (this.#lines.at(-1)?.at ?? 0) + 1)
    const line = { at, kind, name: this.nameOf(account) }
    if (this.#isWhole) this.#append(line)
    else this.#rewrite([...this.#lines, line])
    this.#lines = [...this.#lines, line]
    return { name: line.name, at }
  }

  #append(line: Line): void {
    this.#isWhole = false
    try {
      writeFileSync(this.#file, encodeList([line]))
      fsyncSync(this.#file)
      this.#isWhole = true
    } finally {
      if (!this.#isWhole) this.#tryRewrite()
    }
  }

  /** What was not said for sure must not be there at the next start; where it cannot be now, it is with the next line. */
  #tryRewrite(): void {
    try {
      this.#rewrite(this.#lines)
    } catch {
      this.#isWhole = false
    }
  }

  /** Even where the file cannot be written now, nothing is added to it that does not leave out what is left out here. */
  #replace(lines: readonly Line[]): void {
    this.#lines = lines
    this.#isWhole = false
    this.#rewrite(lines)
  }

  #rewrite(lines: readonly Line[]): void {
    this.#write(lines)
    const file = openToAppend(this.#path)
    closeSync(this.#file)
    this.#file = file
    this.#isWhole = true
  }

  #write(lines: readonly Line[]): void {
    writePrivateFile(this.#path, encodeList(lines, toBase64Url(this.#key)))
  }
}

/** For lines behind those that it has. */
function openToAppend(path: string): number {
  return openSync(path, 'a', 0o600)
}

function ensureParent(path: string): void {
  const parent = dirname(path)
  try {
    statSync(parent)
  } catch {
    ensurePrivateDirectory(parent)
  }
}
