/** Hostile input for parser, framer, URIs, headers and digest: they return or throw ProtocolError, nothing else. */
import { readdirSync, readFileSync } from 'node:fs'
import { ProtocolError } from '#shared/errors.ts'
import { checkSip } from './check.ts'
import { parseAuthorization, parseChallenges } from './digest.ts'
import { SipStreamFramer } from './framing.ts'
import { headerItems, parseNameAddress, parseVia } from './headers.ts'
import { parseSip } from './parse.ts'
import { serializeSip } from './serialize.ts'
import { parseUri, serializeUri } from './uri.ts'
import type { SipHeader } from './message.ts'

/** Small deterministic generator (mulberry32), so that a seed names a run. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const spice = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  '"',
  '<',
  '>',
  ';',
  ',',
  '=',
  ':',
  '@',
  '%',
  '%0',
  ' ',
  '\t',
  '\\',
  '\xff',
  '9'.repeat(12),
]
const words = [
  'Content-Length: 5\r\n',
  'l:-1\r\n',
  'SIP/2.0',
  '\r\n\r\n',
  'Via: SIP/2.0/UDP ;;,;\r\n',
  '*',
  'sip:',
  '?a=b',
  'Digest x="',
]

function seeds(): Buffer[] {
  const folder = new URL('../../../test/vectors/rfc4475/', import.meta.url)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.dat'))
    .map((name) => readFileSync(new URL(name, folder)))
}

function mutate(source: Buffer, below: (below: number) => number): Buffer {
  let bytes = Buffer.from(source)
  for (let change = below(6); change >= 0; change -= 1) {
    const at = below(bytes.length + 1)
    const kind = below(5)
    const insert = Buffer.from((kind < 2 ? spice[below(spice.length)] : words[below(words.length)]) ?? '', 'latin1')
    if (kind === 4 && bytes.length > 0) bytes[at % bytes.length] = below(256)
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(40))])
    else bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at)])
  }
  return bytes
}

function attempt(run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
}

/** What was accepted must survive being written and read again. */
function parseWhole(bytes: Buffer): void {
  const message = parseSip(bytes)
  const again = parseSip(serializeSip(message), 'stream')
  const headers = (list: readonly SipHeader[]): string =>
    JSON.stringify(list.filter(({ name }) => name !== 'content-length'))
  if (headers(again.headers) !== headers(message.headers)) throw new Error('headers changed')
  if (Buffer.compare(again.body, message.body) !== 0) throw new Error('body changed')
  for (const { value } of message.headers) parseValues(value)
  checkSip(message)
}

function parseValues(value: string): void {
  attempt(() => parseVia(value))
  attempt(() => parseNameAddress(value))
  attempt(() => headerItems({ headers: [{ name: 'x', value }] }, 'x'))
  parseChallenges([value])
  parseAuthorization(value)
  attempt(() => {
    const uri = parseUri(value)
    if (serializeUri(parseUri(serializeUri(uri))) !== serializeUri(uri)) throw new Error('URI changed')
  })
}

function parseInPieces(bytes: Buffer, below: (below: number) => number): void {
  const framer = new SipStreamFramer('client')
  for (let at = 0; at < bytes.length;) {
    const next = Math.min(bytes.length, at + 1 + below(64))
    for (const input of framer.push(bytes.subarray(at, next))) {
      if (input.kind === 'message') attempt(() => parseSip(input.bytes, 'stream'))
    }
    at = next
  }
}

/** Runs `iterations` mutated messages; throws on the first that does anything but parse or be refused. */
export function fuzz(iterations: number, seed: number): void {
  const below = generator(seed)
  const sources = seeds()
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const bytes = mutate(sources[below(sources.length)] ?? Buffer.alloc(0), below)
    attempt(() => parseWhole(bytes))
    if (iteration % 4 === 0) attempt(() => parseInPieces(bytes, below))
  }
}
