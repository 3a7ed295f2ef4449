import { createHash } from 'node:crypto'
import { parseCpim, serializeCpim } from './cpim.ts'
import { CpimError } from './errors.ts'
import { parseImdn } from './imdn.ts'
import { inflateBounded } from './inflate.ts'
import { parseIsComposing } from './is-composing.ts'

const cpimGrains = [
  ...[
    '\r\n',
    '\n',
    '\r',
    ': ',
    ' ',
    '<',
    '>',
    '"',
    '\\',
    '\\u000a',
    ';lang=fr',
    '.',
    'imdn.',
    'NS: imdn <urn:ietf:params:imdn>',
  ],
  ...[
    'From: ',
    'To: ',
    'cc: ',
    'DateTime: ',
    '2000-12-13T13:40:00-08:00',
    'Subject: ',
    'Require: ',
    'Content-Type: text/plain',
    '\r\n\r\n',
  ],
  ...['Message-ID: abcd', 'Disposition-Notification: display', 'sip:a@b.c', 'é', '\0', '\u2028', 'x: y'],
]
const xmlGrains = [
  ...[
    '<?xml version="1.0"?>',
    '<!DOCTYPE x [<!ENTITY a "b">]>',
    '&a;',
    '&amp;',
    '&#0;',
    '&#x41;',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
  ],
  ...[
    '<imdn xmlns="urn:ietf:params:xml:ns:imdn">',
    '</imdn>',
    '<message-id>a</message-id>',
    '<delivery-notification>',
    '<status>',
  ],
  ...[
    '<delivered/>',
    '</status>',
    '</delivery-notification>',
    '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">',
  ],
  ...[
    '</isComposing>',
    '<state>active</state>',
    '<refresh>90</refresh>',
    '<a:b>',
    '<',
    '>',
    '"',
    '=',
    'xmlns:a="b"',
    '\0',
    'é',
  ],
]

/**
 * Feeds the readers of CPIM, IMDN, is-composing and deflate inputs made from their own pieces.
 * @throws whatever is not a CpimError, or a CPIM message that does not survive being written and read
 */
export function fuzz(iterations: number, seed: number): void {
  for (let run = 0; run < iterations; run += 1) {
    const noise = createHash('sha512').update(`${seed}:${run}`).digest()
    const text = assemble(run % 2 === 0 ? cpimGrains : xmlGrains, noise)
    // The last byte is cut now and then, to break UTF-8 sequences.
    const bytes = Buffer.from(text, 'utf8').subarray(0, (noise[63] ?? 0) % 4 === 0 ? -1 : undefined)
    attempt(() => checkRoundTrip(bytes))
    attempt(() => parseImdn(bytes))
    attempt(() => parseIsComposing(bytes))
    // Setting up zlib costs more than all the rest.
    if (run % 16 === 0) attempt(() => inflateBounded(noise, 4096))
  }
}

function assemble(grains: readonly string[], noise: Uint8Array): string {
  const count = 1 + ((noise[0] ?? 0) % 40)
  let text = ''
  for (let at = 1; at <= count; at += 1) text += grains[(noise[at] ?? 0) % grains.length] ?? ''
  return text
}

function attempt(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof CpimError)) throw error
  }
}

function checkRoundTrip(bytes: Uint8Array): void {
  const first = parseCpim(bytes)
  const written = writeOrNull(first)
  if (written === null) return
  // A message that could be written must be read, and then be the same.
  const again = serializeCpim(parseCpim(written))
  if (Buffer.compare(again, written) !== 0) throw new Error('a written CPIM message changed')
}

function writeOrNull(message: ReturnType<typeof parseCpim>): Uint8Array | null {
  try {
    return serializeCpim(message)
  } catch (error) {
    if (error instanceof CpimError) return null
    throw error
  }
}
