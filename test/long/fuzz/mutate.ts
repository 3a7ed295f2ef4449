/** Cheap hostile inputs: known good bytes, damaged in the ways that parsers stumble over. */
import { readdirSync, readFileSync } from 'node:fs'

/** Uniform integer in [0, below). */
export type Dice = (below: number) => number

/** Small deterministic generator (mulberry32), so that a seed names a run. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One of `items`, which must not be empty. */
export function pick<Item>(items: readonly Item[], dice: Dice): Item {
  if (items.length === 0) throw new Error('nothing to pick from')
  return items[dice(items.length)] as Item
}

/** The vectors of a folder whose names end in `ending`. */
export function vectors(folder: string, ending: string): Buffer[] {
  const url = new URL(`../../vectors/${folder}/`, import.meta.url)
  const found = readdirSync(url)
    .filter((name) => name.endsWith(ending) && !name.startsWith('SOURCE'))
    .sort()
    .map((name) => readFileSync(new URL(name, url)))
  if (found.length === 0) throw new Error(`no vectors in ${folder}`)
  return found
}

const grains = ['\r\n', '\n', '\r', '\0', '"', '\\', '<', '>', ';', ',', '=', ':', '@', '%', '%0', ' ', '\t']
const giants = ['-1', '00', '65536', '4294967296', '9007199254740993', '9'.repeat(40), '0x10', '1e9', '٣']
const texts = [
  '\xff',
  'é',
  '\u2028',
  '\ud83d\ude00',
  '__proto__',
  'constructor',
  'constructor: x\r\n',
  'A'.repeat(300),
  '((((',
  '\ufeff',
]
const inserts = [...grains, ...giants, ...texts].map((text) => Buffer.from(text))
const maxBytes = 16_384

type Mutation = (bytes: Buffer, dice: Dice, corpus: readonly Buffer[]) => Buffer

function splice(bytes: Buffer, at: number, drop: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)])
}

function flipBit(bytes: Buffer, dice: Dice): Buffer {
  const at = dice(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << dice(8))
  return bytes
}

function setByte(bytes: Buffer, dice: Dice): Buffer {
  bytes[dice(bytes.length)] = dice(256)
  return bytes
}

function duplicateLine(bytes: Buffer, dice: Dice): Buffer {
  const from = bytes.lastIndexOf(10, dice(bytes.length)) + 1
  const end = bytes.indexOf(10, from)
  const line = bytes.subarray(from, end < 0 ? bytes.length : end + 1)
  const times = dice(50) === 0 ? 60 : 1
  return splice(bytes, from, 0, Buffer.concat(Array.from({ length: times }, () => line)))
}

function giantNumber(bytes: Buffer, dice: Dice): Buffer {
  const start = dice(bytes.length)
  for (let at = start; at < bytes.length; at += 1) {
    if (!isDigit(bytes[at])) continue
    let end = at
    while (isDigit(bytes[end])) end += 1
    return splice(bytes, at, end - at, Buffer.from(pick(giants, dice)))
  }
  return bytes
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

const mutations: readonly Mutation[] = [
  flipBit,
  setByte,
  (bytes, dice) => splice(bytes, dice(bytes.length + 1), dice(4), pick(inserts, dice)),
  (bytes, dice) => splice(bytes, dice(bytes.length), 1 + dice(40), Buffer.alloc(0)),
  (bytes, dice) => bytes.subarray(0, dice(bytes.length + 1)),
  (bytes, dice, corpus) => {
    const other = pick(corpus, dice)
    return Buffer.concat([bytes.subarray(0, dice(bytes.length + 1)), other.subarray(dice(other.length + 1))])
  },
  (bytes, dice) => {
    const from = dice(bytes.length)
    return splice(bytes, dice(bytes.length), 0, bytes.subarray(from, from + 1 + dice(64)))
  },
  duplicateLine,
  giantNumber,
]

/** One of the corpus, damaged one to five times; sometimes whole, at most 16 KiB. */
export function mutated(corpus: readonly Buffer[], dice: Dice): Buffer {
  let bytes = Buffer.from(pick(corpus, dice))
  for (let count = dice(6); count > 0; count -= 1) {
    if (bytes.length === 0) return Buffer.from(pick(inserts, dice))
    bytes = Buffer.from(pick(mutations, dice)(bytes, dice, corpus))
  }
  return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes
}

/** Runs `parse`; what it may throw is an error that `isExpected` knows. */
export function attempt(parse: () => unknown, isExpected: (error: unknown) => boolean): void {
  try {
    parse()
  } catch (error) {
    if (!isExpected(error)) throw error
  }
}
