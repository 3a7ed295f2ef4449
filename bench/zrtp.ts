/**
 * CPU of a whole ZRTP handshake, both ends in one thread, beside libbzrtp's in the same run.
 * Run: node bench/zrtp.ts [--smoke]. Promises: with DH3k at most twice libbzrtp's, with X25519 at most 4 ms.
 * Needs gcc, libbzrtp-dev, libbctoolbox-dev and libsqlite3-dev for the other side; without them it is left out.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { defaultPreferences, type DhName } from '../src/protocol/zrtp/algorithms.ts'
import { nodeKeyAgreement } from '../src/protocol/zrtp/key-agreement.ts'
import { ZrtpSession } from '../src/protocol/zrtp/session.ts'
import { ZrtpStream } from '../src/protocol/zrtp/stream.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'

interface Samples {
  readonly ours: number[]
  readonly theirs: number[]
}

const agreements = ['DH3k', 'X255'] as const
const maxRatio = 2
const maxX25519Ms = 4

/** One stream whose packets wait in `outbox`. */
function newEnd(ssrc: number, keyAgreement: DhName, outbox: Uint8Array[]): { stream: ZrtpStream; isSecure(): boolean } {
  let isSecure = false
  const stream = new ZrtpStream({
    zid: randomBytes(12),
    ssrc,
    preferences: { ...defaultPreferences, keyAgreements: [keyAgreement] },
    session: new ZrtpSession(),
    place: 'first',
    passive: false,
    auxSecret: null,
    cacheExpiration: 0xffffffff,
    // Nothing gets lost here, so no timer ever has to run.
    clock: { now: () => 0, monotonic: () => 0, after: () => ({ cancel: () => undefined }) },
    random: { bytes: randomBytes },
    keyAgreement: nodeKeyAgreement,
    send: (packet) => outbox.push(packet),
    onEvent: (event) => {
      if (event.kind === 'need-secrets') stream.provideSecrets(null)
      else if (event.kind === 'secure') isSecure = true
    },
  })
  return { stream, isSecure: () => isSecure }
}

/** CPU milliseconds from the first Hello to both ends secure. */
function handshake(keyAgreement: DhName): number {
  const outboxes: [Uint8Array[], Uint8Array[]] = [[], []]
  const ends = outboxes.map((outbox, index) => newEnd(index + 1, keyAgreement, outbox))
  const start = process.cpuUsage()
  for (const { stream } of ends) stream.start()
  while (outboxes.some((outbox) => outbox.length > 0))
    for (const [index, outbox] of outboxes.entries())
      for (const packet of outbox.splice(0)) ends[1 - index]?.stream.receive(packet)
  const { user, system } = process.cpuUsage(start)
  if (!ends.every((end) => end.isSecure())) throw new Error('the handshake did not end')
  for (const { stream } of ends) stream.stop()
  return (user + system) / 1000
}

/** Compiles libbzrtp's side, or null where it is not installed. */
function buildPeer(folder: string): string | null {
  const source = fileURLToPath(new URL('../test/native/bzrtp-peer.c', import.meta.url))
  const program = join(folder, 'bzrtp-peer')
  try {
    execFileSync('gcc', ['-O2', source, '-o', program, '-lbzrtp', '-lsqlite3'], { stdio: 'ignore' })
    return program
  } catch {
    return null
  }
}

function peerHandshakes(program: string, agreement: string, rounds: number): readonly number[] {
  const lines = execFileSync(program, ['bench', agreement, String(rounds)], { encoding: 'utf8' })
    .trim()
    .split('\n')
  return lines.map(Number).filter((sample) => sample > 0)
}

/** Measures both in turns, so that a slow moment of the machine hits both. */
export function benchZrtp(
  turns: number,
  perTurn: number,
): readonly (readonly [(typeof agreements)[number], Samples])[] {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-zrtp-'))
  try {
    const program = buildPeer(folder)
    return agreements.map((agreement) => {
      const samples: Samples = { ours: [], theirs: [] }
      for (let warm = 0; warm < perTurn; warm += 1) handshake(agreement)
      for (let turn = 0; turn < turns; turn += 1) {
        for (let round = 0; round < perTurn; round += 1) samples.ours.push(handshake(agreement))
        if (program !== null) samples.theirs.push(...peerHandshakes(program, agreement, perTurn))
      }
      return [agreement, samples] as const
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function figureOf(agreement: (typeof agreements)[number], { ours, theirs }: Samples): Figure {
  const [own, peer] = [quantile(ours, 0.5), theirs.length === 0 ? null : quantile(theirs, 0.5)]
  const besides =
    peer === null ? 'libbzrtp is not installed' : `${ms(peer)} libbzrtp (ratio ${(own / peer).toFixed(2)})`
  const measured = `${ms(own)} CPU`
  if (agreement === 'X255')
    return { what: 'X25519, both ends', measured, besides, promise: `≤ ${maxX25519Ms} ms`, holds: own <= maxX25519Ms }
  const holds = peer === null ? null : own <= maxRatio * peer
  return { what: 'DH3k, both ends', measured, besides, promise: `≤ ${maxRatio} × libbzrtp`, holds }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const smoke = process.argv.includes('--smoke')
  const figures = benchZrtp(smoke ? 2 : 8, smoke ? 4 : 15).map(([agreement, samples]) => figureOf(agreement, samples))
  printFigures('ZRTP handshake', figures, smoke)
}
