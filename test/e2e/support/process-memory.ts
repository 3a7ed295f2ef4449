/** Looks into the memory of running processes, as a thief with the rights of the user could (Linux). */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'

const chunkBytes = 8 * 1024 * 1024

/** A process and the word for what it is. */
export interface WatchedProcess {
  readonly pid: number
  readonly role: string
}

/** What is looked for: any of these bytes. */
export interface Needle {
  readonly name: string
  readonly forms: readonly Buffer[]
}

/** Where something was found. */
export interface Found {
  readonly role: string
  readonly name: string
  readonly region: string
}

/** A secret in every form in which it could lie about: as it is, hexadecimal, base64, base64url. */
export function secretNeedle(name: string, secret: Uint8Array): Needle {
  const bytes = Buffer.from(secret)
  const texts = [bytes.toString('hex'), bytes.toString('hex').toUpperCase(), bytes.toString('base64url')]
  // Without its padding and last digit, which two encodings may write differently.
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  return {
    name,
    forms: [bytes, ...[...texts, base64].flatMap((text) => [Buffer.from(text), Buffer.from(text, 'utf16le')])],
  }
}

export function textNeedle(name: string, text: string): Needle {
  return { name, forms: [Buffer.from(text), Buffer.from(text, 'utf16le')] }
}

function statusOf(pid: number): { readonly parent: number; readonly command: string } | null {
  try {
    const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    return { parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }
  } catch {
    return null
  }
}

function roleOf(command: string): string {
  const type = /--type=([a-z-]+)/.exec(command)?.[1]
  // Pages keep the command line of the zygote they were forked from.
  if (type === 'zygote' || type === 'renderer') return 'chromium page'
  if (type !== undefined) return `chromium ${type}`
  if (command.includes('home-server.js')) return 'home server'
  if (command.includes('launch.ts')) return 'main'
  return command.includes('chromium') ? 'chromium browser' : 'other'
}

/** A process and everything it started, whatever it is. */
export function processTree(root: number): readonly WatchedProcess[] {
  const all = new Map<number, { readonly parent: number; readonly command: string }>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const status = statusOf(Number(name))
    if (status !== null) all.set(Number(name), status)
  }
  const tree: number[] = [root]
  for (const pid of tree) for (const [child, { parent }] of all) if (parent === pid) tree.push(child)
  return tree.flatMap((pid) => {
    const status = all.get(pid)
    return status === undefined ? [] : [{ pid, role: roleOf(status.command) }]
  })
}

interface Region {
  readonly from: number
  readonly to: number
  readonly name: string
}

/** What of a process can be read and was written to: its code and files on disk hold no secrets of ours. */
function regionsOf(pid: number): readonly Region[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, from = '', to = '', rights = '', name = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line) ?? []
      return rights.startsWith('rw') ? [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), name }] : []
    })
}

const pageBytes = 4096
/** Top bits of an entry of the page map: present, or swapped out (Linux, pagemap.rst). */
const held = 0xc0

/** The parts of a region that hold anything: a browser reserves gigabytes and touches few of them. */
function heldParts(pagemap: number, { from, to, name }: Region): readonly Region[] {
  const entries = Buffer.alloc(((to - from) / pageBytes) * 8)
  const known = readAt(pagemap, entries, (from / pageBytes) * 8, entries.length) / 8
  const parts: { from: number; to: number; name: string }[] = []
  for (let page = 0; page < known; page += 1) {
    if (((entries[page * 8 + 7] ?? 0) & held) === 0) continue
    const at = from + page * pageBytes
    const last = parts.at(-1)
    if (last?.to === at) last.to += pageBytes
    else parts.push({ from: at, to: at + pageBytes, name })
  }
  return parts
}

/** Bytes that were read and what was found in them. */
export interface Search {
  readonly bytes: number
  readonly found: readonly Found[]
}

/** Searches the whole memory of processes that run. */
export function searchMemory(processes: readonly WatchedProcess[], needles: readonly Needle[]): Search {
  const found: Found[] = []
  let bytes = 0
  const forms = needles.flatMap((needle) => needle.forms.map((form) => ({ name: needle.name, form })))
  for (const { pid, role } of processes) {
    for (const { chunk, region } of memoryOf(pid)) {
      bytes += chunk.length
      for (const { name, form } of forms) count(chunk, form, () => found.push({ role, name, region }))
    }
  }
  return { bytes, found }
}

function count(chunk: Buffer, form: Buffer, hit: () => void): void {
  for (let at = chunk.indexOf(form); at >= 0; at = chunk.indexOf(form, at + 1)) hit()
}

/** Longer than any needle: what lies across two chunks is in one of them. */
const overlap = 512

/** What a region holds, in pieces that fit into the buffer and overlap. */
function chunksOf(pagemap: number, region: Region): readonly Region[] {
  return heldParts(pagemap, region).flatMap(({ from, to, name }) => {
    const step = chunkBytes - overlap
    const starts = Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
    return starts.map((at) => ({ from: at, to: Math.min(at + chunkBytes, to), name }))
  })
}

function* memoryOf(pid: number): Generator<{ readonly chunk: Buffer; readonly region: string }> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  const opened: number[] = []
  try {
    const [memory, pagemap] = [openSync(`/proc/${pid}/mem`, 'r'), openSync(`/proc/${pid}/pagemap`, 'r')]
    opened.push(memory, pagemap)
    for (const { from, to, name } of regionsOf(pid).flatMap((region) => chunksOf(pagemap, region))) {
      const length = readAt(memory, buffer, from, to - from)
      if (length > 0) yield { chunk: buffer.subarray(0, length), region: name === '' ? 'anonymous' : name }
    }
  } catch (error) {
    // A process that ended meanwhile holds nothing any more.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  } finally {
    for (const handle of opened) closeSync(handle)
  }
}

function readAt(memory: number, buffer: Buffer, at: number, length: number): number {
  try {
    return readSync(memory, buffer, 0, length, at)
  } catch {
    // A region that went away meanwhile.
    return 0
  }
}

/** How often something was found in which kind of process. */
export function tally(found: readonly Found[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { role, name, region } of found) {
    const key = `${name} in ${role} ${region.startsWith('/') ? 'file' : region}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
