/** The disk between a program and its files (test/native/disk-shim.c): built, and told what to do. */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'

const source = new URL('../native/disk-shim.c', import.meta.url).pathname

/** What the tests of a disk need; they run on Linux only. */
export const diskShimNeeds = ['gcc'] as const

/** Compiles the library into a folder; returns its path. */
export function buildDiskShim(folder: string): string {
  const library = path.join(folder, 'disk-shim.so')
  execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', library, source], { stdio: 'inherit' })
  return library
}

/** Files of one watched program; those that are missing switch their part off. */
export interface WatchedFiles {
  readonly root: string
  readonly log?: string
  readonly marks?: string
  readonly control?: string
}

/** Environment of a program whose files the library watches. */
export function watchedEnvironment(library: string, files: WatchedFiles): Readonly<Record<string, string>> {
  const { root, log, marks, control } = files
  return {
    LD_PRELOAD: library,
    SOTTO_DISK_ROOT: root,
    ...(log === undefined ? {} : { SOTTO_DISK_LOG: log }),
    ...(marks === undefined ? {} : { SOTTO_DISK_MARKS: marks }),
    ...(control === undefined ? {} : { SOTTO_DISK_CONTROL: control }),
  }
}

/** What fails, counted from 1: from there on whatever needs space, until {@link DiskControl.mend}, or that one call. */
export interface DiskFault {
  readonly at: number
  readonly kind: 'full' | 'failed'
}

const errnos = { full: 28, failed: 5 } as const
const controlBytes = 32

/** The memory that the library shares with whoever tells it what to fail (`struct control`). */
export class DiskControl {
  readonly #fd: number

  constructor(file: string) {
    writeFileSync(file, new Uint8Array(controlBytes), { flag: 'a' })
    this.#fd = openSync(file, 'r+')
  }

  /** Counts from here on, and fails what `fault` names. */
  arm(fault: DiskFault | null): void {
    const bytes = Buffer.alloc(controlBytes)
    if (fault !== null) {
      bytes.writeBigUInt64LE(BigInt(fault.at), 8)
      bytes.writeUInt32LE(errnos[fault.kind], 24)
      bytes.writeUInt32LE(fault.kind === 'full' ? 1 : 0, 28)
    }
    writeSync(this.#fd, bytes, 0, controlBytes, 0)
  }

  /** The disk works again; what was counted stays. */
  mend(): void {
    writeSync(this.#fd, Buffer.alloc(8), 0, 8, 8)
  }

  counts(): { readonly calls: number; readonly failed: number } {
    const bytes = Buffer.alloc(controlBytes)
    readSync(this.#fd, bytes, 0, controlBytes, 0)
    return { calls: Number(bytes.readBigUInt64LE(0)), failed: Number(bytes.readBigUInt64LE(16)) }
  }

  close(): void {
    closeSync(this.#fd)
  }
}
