/** Damaged inputs against what the program itself reads: entries, chat bodies, links, invitations, HTTP, bridge calls. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { z } from 'zod'
import { readBody } from '#main/chat/wire-read.ts'
import { parseHttpResponse } from '#main/home/http-response.ts'
import { sealName } from '#main/keys/device-names.ts'
import { deviceKeysOf, deviceSigner, newDeviceSeeds, signLink } from '#main/identity/link-author.ts'
import { bridgeTable } from '#shared/bridge/table.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import { parseInvitation, serializeInvitation } from '#shared/home/invitation.ts'
import { decodeLinkBody, decodeSignedLink, encodeLinkBody, encodeSignedLink } from '#shared/model/device-link.ts'
import type { LinkBody } from '#shared/model/device-link.ts'
import { decodeEntry, encodeEntry } from '#shared/model/entry-codec.ts'
import { arbitraryEntry } from '#test/fixtures/arbitrary-entry.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { attempt, diceOf, pick, vectors, type Dice } from './mutate.ts'
import { damaged } from './protocol-targets.ts'
import type { FuzzTarget } from './run-inputs.ts'

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')

function entryCorpus(): Buffer[] {
  const stored = JSON.parse(read('test/vectors/entries/entries.json')) as Record<string, readonly { hex: string }[]>
  const sampled = fc.sample(arbitraryEntry(), { numRuns: 200, seed: 1 }).map((entry) => Buffer.from(encodeEntry(entry)))
  return [
    ...Object.values(stored)
      .flat()
      .map(({ hex }) => Buffer.from(hex, 'hex')),
    ...sampled,
  ]
}

/** Entries: what is taken is written back byte for byte. */
export const damagedEntries = damaged(entryCorpus(), (bytes) => {
  if (!equalBytes(encodeEntry(decodeEntry(bytes)), bytes)) throw new Error('an entry was written otherwise')
})

const bodyTypes = ['message/cpim', 'message/imdn+xml', 'application/im-iscomposing+xml', 'text/html', 'text/plain']
const charsets = ['', '; charset=utf-16le', '; charset=iso-8859-1', ';charset="', '; charset=x-unknown']
const documented = [...read('docs/messaging.md').matchAll(/```cpim\n([\s\S]*?)\n```/g)].map(([, text]) =>
  Buffer.from(text?.replaceAll('\n', '\r\n') ?? ''),
)
const html = Buffer.from('<p>a<br>&amp;&#65;<b title="x">b</b><!-- c --><script>d</script>\u{1f600}</p>'.repeat(3))

/** Bodies of chat under every type, the documented examples among them. */
export const damagedBodies = damaged(
  // The examples are what the reader is about, so they come as often as all vectors together.
  [
    ...documented,
    ...documented,
    ...documented,
    ...vectors('cpim', '.cpim'),
    ...vectors('presence-imdn-xml', '.xml'),
    html,
  ],
  (payload, draw) => {
    const type = draw % 3 > 0 ? 'message/cpim' : (bodyTypes[(draw >> 2) % bodyTypes.length] ?? '')
    const body = readBody({ contentType: `${type}${charsets[draw % charsets.length] ?? ''}`, payload }, 'call-id')
    if (body.kind === 'line' && body.content.kind === 'text' && !body.content.text.isWellFormed())
      throw new Error('half a surrogate')
  },
)

function linkCorpus(): Buffer[] {
  const random = new SeededRandom('links')
  const seeds = newDeviceSeeds(random)
  const [namesKey, keys] = [random.bytes(32), deviceKeysOf(seeds, 'Ada’s desk')]
  const sealed = (name: string) => sealName(namesKey, keys.id, name, random)
  const device = { ...keys, name: sealed('Ada’s desk') }
  const paper = { ed25519: random.bytes(32), x25519: random.bytes(32) }
  const head = { version: 1 as const, previous: random.bytes(32), at: 1_760_000_000_000 }
  const bodies: readonly LinkBody[] = [
    {
      ...head,
      kind: 'genesis',
      previous: null,
      account: 'sip:alice@example.org',
      device,
      paper,
      names: random.bytes(80),
    },
    { ...head, kind: 'add', device },
    { ...head, kind: 'revoke', target: device.id },
    { ...head, kind: 'rename', target: device.id, name: sealed('phone') },
    { ...head, kind: 'epoch', epoch: 7, commitment: random.bytes(32) },
  ]
  return bodies.flatMap((body) =>
    [encodeLinkBody(body), signLink(body, [deviceSigner(seeds)])].map((bytes) => Buffer.from(bytes)),
  )
}

/**
 * Links of a device chain and their envelopes: taken only as canonical bytes. What is understood of them, which is all but
 * the fields of a later version, is written and read as the same again.
 */
export const damagedLinks = damaged(linkCorpus(), (bytes, draw) => {
  const again =
    draw % 2 === 0
      ? rewritten(bytes, decodeLinkBody, encodeLinkBody)
      : rewritten(bytes, decodeSignedLink, encodeSignedLink)
  if (again.length > bytes.length) throw new Error('a link grew')
  if (again.length === bytes.length && !equalBytes(again, bytes)) throw new Error('a link was written otherwise')
})

function rewritten<T>(bytes: Buffer, read: (bytes: Uint8Array) => T, write: (value: T) => Uint8Array): Uint8Array {
  const once = write(read(bytes))
  if (!equalBytes(write(read(once)), once)) throw new Error('a link was read otherwise')
  return once
}

const invitations = ['home.example.org', '127.0.0.1', '::1', 'a'.repeat(253)].map((host, at) =>
  Buffer.from(
    serializeInvitation({
      ...{ host, port: 1 + at * 20_000, code: new SeededRandom(host).bytes(16), expiresAt: 1_760_000_000_000 },
      spkiSha256: new SeededRandom(`pin ${host}`).bytes(32),
    }),
  ),
)

/** What people paste as an invitation. */
export const damagedInvitations = damaged(invitations, (bytes) => {
  const parsed = parseInvitation(bytes.toString('utf8'))
  if (!parsed.ok) return
  const again = parseInvitation(serializeInvitation(parsed.value))
  if (!again.ok || again.value.host !== parsed.value.host) throw new Error('an invitation changed')
})

const responses = [
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"a":[1,"b"]}',
  'HTTP/1.0 204 No Content\r\nServer: x\r\n\r\n',
  'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 304 \r\nETag: "1"\r\n\r\nx',
].map((text) => Buffer.from(text))

/** Answers of a server to the program's requests. */
export const damagedHttp = damaged(responses, (bytes) => {
  const { status, body } = parseHttpResponse(bytes)
  if (status < 0 || status > 999 || body.length > bytes.length) throw new Error('a response grew')
})

const rows = Object.entries(bridgeTable)
const keysOfRow = new Map(
  rows.map(([name, { args }]) => [name, args instanceof z.ZodObject ? Object.keys(args.shape) : []]),
)
const specials: readonly unknown[] = [
  ...[
    'A'.repeat(22),
    'sip:bob@example.org',
    'bob@example.org',
    'https://example.org/',
    '',
    'x'.repeat(5_000),
    '\ud800',
  ],
  ...[0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, 10n, true, false, null, undefined, [], {}, new Date(0), new Map()],
  ...[
    new Uint8Array(8),
    new Uint8Array(2_000),
    Object.create(null) as unknown,
    { __proto__: null, toString: 1 },
    Symbol('x'),
  ],
  ...[
    JSON.parse('{"__proto__":{"a":1},"constructor":1}') as unknown,
    ['sip:a@b'],
    { at: 'newest' },
    { at: 'position', position: 4 },
  ],
]
const jsonValues: readonly unknown[] = fc.sample(fc.jsonValue({ maxDepth: 4 }), { numRuns: 3_000, seed: 1 })

function argsFor(name: string, dice: Dice): unknown {
  if (dice(8) === 0) return pick(dice(2) === 0 ? specials : jsonValues, dice)
  const args: Record<string, unknown> = {}
  for (const key of keysOfRow.get(name) ?? [])
    if (dice(12) > 0) args[key] = pick(dice(3) > 0 ? specials : jsonValues, dice)
  if (dice(4) === 0) args[pick(['__proto__', 'extra', 'toString', '0'], dice)] = pick(jsonValues, dice)
  return args
}

/** Arguments of every row of the bridge: refused or parsed, and what was parsed is parsed again as the same. */
export const bridgeArguments: FuzzTarget = (count, seed) => {
  const dice = diceOf(seed)
  for (let input = 0; input < count; input += 1) {
    const [name, row] = pick(rows, dice)
    const parsed = row.args.safeParse(argsFor(name, dice))
    if (parsed.success && !row.args.safeParse(parsed.data).success) throw new Error(`${name} refuses what it made`)
  }
}

/** Random bytes and pieces of the examples glued together, under the reader of chat bodies. */
export const noiseBodies: FuzzTarget = (count, seed) => {
  const dice = diceOf(seed)
  const lines = documented.flatMap((example) => example.toString('utf8').split('\r\n'))
  for (let input = 0; input < count; input += 1) {
    const text = Array.from({ length: dice(20) }, () => pick(lines, dice)).join(dice(5) === 0 ? '\n' : '\r\n')
    attempt(
      () => readBody({ contentType: 'message/cpim', payload: Buffer.from(text) }, 'call-id'),
      (error) => error instanceof ProtocolError,
    )
  }
}
