/**
 * What the home server does with every message, parse, check and route decision, against JsSIP's own parser on the same 854
 * messages in the same run. Run: node bench/sip-parse.ts [--smoke | seconds per figure, default 2]. Target: at least 1 of JsSIP.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { checkSip } from '../src/protocol/sip/check.ts'
import { SipParseError } from '../src/protocol/sip/errors.ts'
import { parseSip } from '../src/protocol/sip/parse.ts'
import { clientKeyOf, serverKeyOf } from '../src/protocol/sip/transaction/key.ts'
import { RouteTokens } from '../src/server/home/proxy/route-token.ts'
import { decideRoute } from '../src/server/home/proxy/routing.ts'

export interface ParseFigure {
  readonly name: string
  readonly messagesPerSecond: number
  /** Of the 854, how many were taken. */
  readonly accepted: number
}

interface JsSipParser {
  parseMessage(text: string, ua: unknown): object | undefined
}

const require = createRequire(import.meta.url)
const jsSip = require('jssip/lib/Parser.js') as JsSipParser

/** The RFC's examples without page furniture, and with true lengths: else half of them end at the first check. */
function messages(): Buffer[] {
  const folder = new URL('../test/vectors/rfc-sip-flows/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.sip'))
  return names.map((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8')
    const at = text.indexOf('\r\n\r\n')
    const [top, body] = at < 0 ? [text.trimEnd(), ''] : [text.slice(0, at), text.slice(at + 4)]
    const lines = top.split('\r\n').filter((line, index) => index === 0 || /^(?:[A-Za-z0-9-]+[ \t]*:|[ \t])/.test(line))
    const kept = lines.filter((line) => !/^(?:content-length|l)[ \t]*:/i.test(line))
    return Buffer.from(`${kept.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  })
}

const hosts = new Set(['biloxi.example.com', 'example.com'])
const tokens = new RouteTokens({ bytes: (length) => new Uint8Array(length).fill(7) })

/** JsSIP throws on some Contacts; that counts as not taken. */
function parseJsSip(text: string): boolean {
  try {
    return jsSip.parseMessage(text, {}) !== undefined
  } catch {
    return false
  }
}

/** From bytes to where it goes: transaction key, loop check and decision, as the proxy does before it authenticates. */
function parseAndRoute(bytes: Buffer): boolean {
  try {
    const message = checkSip(parseSip(bytes))
    if (message.kind === 'response') return clientKeyOf(message) !== ''
    const facts = {
      isOwnHost: (host: string) => hosts.has(host),
      openToken: (text: string) => tokens.open(text, message),
    }
    return serverKeyOf(message) !== '' && !tokens.hasLooped(message) && decideRoute(message, facts).kind.length > 0
  } catch (error) {
    if (error instanceof SipParseError) return false
    throw error
  }
}

function rate<Input>(
  inputs: readonly Input[],
  seconds: number,
  run: (input: Input) => boolean,
): { rate: number; accepted: number } {
  const accepted = inputs.filter(run).length
  let count = 0
  const started = performance.now()
  while (performance.now() - started < seconds * 1000) {
    for (const input of inputs) run(input)
    count += inputs.length
  }
  return { rate: (count / (performance.now() - started)) * 1000, accepted }
}

/** Measures both in turns, so that a slow moment of the machine hits both. */
export function benchSipParse(seconds = 2): { readonly figures: readonly ParseFigure[]; readonly ratio: number } {
  const bytes = messages()
  const texts = bytes.map((message) => message.toString('utf8'))
  const best = { ours: { rate: 0, accepted: 0 }, jsSip: { rate: 0, accepted: 0 } }
  for (let round = 0; round < 4; round += 1) {
    const ours = rate(bytes, seconds / 4, parseAndRoute)
    const theirs = rate(texts, seconds / 4, parseJsSip)
    if (ours.rate > best.ours.rate) best.ours = ours
    if (theirs.rate > best.jsSip.rate) best.jsSip = theirs
  }
  const figures = [
    { name: 'Sotto: parse + check + route', messagesPerSecond: best.ours.rate, accepted: best.ours.accepted },
    { name: 'JsSIP 3.13: parse', messagesPerSecond: best.jsSip.rate, accepted: best.jsSip.accepted },
  ]
  return { figures, ratio: best.ours.rate / best.jsSip.rate }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { figures, ratio } = benchSipParse(
    process.argv.includes('--smoke') ? 0.4 : Number(process.argv.find((word) => /^\d/.test(word)) ?? '2'),
  )
  console.log('854 RFC messages                  messages/s   accepted')
  for (const { name, messagesPerSecond, accepted } of figures) {
    console.log(`${name.padEnd(30)} ${messagesPerSecond.toFixed(0).padStart(13)} ${String(accepted).padStart(10)}`)
  }
  console.log(`ratio ${ratio.toFixed(2)} (target ≥ 1)`)
  // A smoke run is too short to judge.
  if (!process.argv.includes('--smoke') && ratio < 1) process.exitCode = 1
}
