import { createHash } from 'node:crypto'
import { toHex, utf8 } from '#shared/bytes/bytes.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { encodeCheck, keyOfPassword } from './binding.ts'
import { parseCandidate, serializeCandidate } from './candidate.ts'
import { IceMachine } from './ice-machine.ts'
import type { IceOutput } from './ice-types.ts'
import { LiteResponder } from './lite-responder.ts'
import { findAddress, findError, findText, findXorAddress } from './stun-attributes.ts'
import { decodeStun, encodeStun, type StunMessage } from './stun-message.ts'
import { TurnClient } from './turn-client.ts'

/** Deterministic bytes from a seed. */
function seededBytes(seed: string): (length: number) => Uint8Array {
  let [pool, block] = [Buffer.alloc(0), 0]
  return (length) => {
    while (pool.length < length)
      pool = Buffer.concat([
        pool,
        createHash('sha512')
          .update(`${seed}:${(block += 1)}`)
          .digest(),
      ])
    const taken = Uint8Array.from(pool.subarray(0, length))
    pool = pool.subarray(length)
    return taken
  }
}

const ours = { host: '192.0.2.1', port: 1000 }
const theirs = { host: '192.0.2.2', port: 2000 }
const stranger = { host: '192.0.2.3', port: 3000 }
const remote = { ufrag: 'fuzz', pwd: 'fuzzfuzzfuzzfuzzfuzzfuzz' }

/**
 * Feeds the codec, the lite responder, the machine and the TURN client with damaged and with well-signed but odd messages.
 * @throws whatever one of them throws, a message that changes when written again, or an answer to somebody without the password
 */
export function fuzz(iterations: number, seed: number): void {
  const bytes = seededBytes(String(seed))
  const random = { bytes }
  const below = (bound: number): number => Buffer.from(bytes(4)).readUInt32BE(0) % bound
  const machine = new IceMachine({ role: below(2) === 0 ? 'controlling' : 'controlled', random })
  const { ufrag, pwd } = machine.credentials
  const base = { foundation: '1', component: 1, priority: 2_000_000, address: ours, type: 'host', base: 1 } as const
  const candidate = { foundation: '1', component: 1, priority: 2_000_000, address: theirs, type: 'host' } as const
  const recorded: Uint8Array[] = []
  const record = (outputs: readonly IceOutput[]): readonly IceOutput[] => {
    for (const output of outputs) if (output.kind === 'send' && recorded.length < 50) recorded.push(output.bytes)
    return outputs
  }
  record(machine.addBase(0, base, 0))
  const streams = [{ stream: 0, credentials: remote, candidates: [candidate], components: 1 }] as const
  record(machine.start({ lite: false, ice2: true, streams }, 0))
  const lite = new LiteResponder({ ufrag, pwd }, remote.ufrag)
  const turn = fuzzedTurn(random, recorded)
  const keys = { ours: keyOfPassword(pwd), theirs: keyOfPassword(remote.pwd), turn: turnKey }
  for (let run = 0; run < iterations; run += 1) {
    const now = run * below(200)
    record(machine.tick(now))
    const input = makeInput({ below, bytes, recorded, keys, username: `${ufrag}:${remote.ufrag}` })
    checkCodec(input)
    record(machine.receive(1, theirs, input, now))
    if (!isSigned(input, keys.ours)) refuseStranger(machine.receive(1, stranger, input, now))
    lite.receive(input, theirs)
    turn.receive(input)
    checkCandidate(Buffer.from(input).toString('latin1'), below)
  }
  turn.close(() => undefined)
}

const turnKey = createHash('md5').update('user:realm:pass').digest()

function fuzzedTurn(random: { bytes(length: number): Uint8Array }, recorded: Uint8Array[]): TurnClient {
  const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel: () => undefined }) }
  const client = new TurnClient(
    { username: 'user', password: 'pass' },
    {
      ...{ clock, random, onData: () => undefined, onLost: () => undefined },
      send: (packet) => {
        if (recorded.length < 60) recorded.push(packet)
      },
    },
  )
  void client.allocate('ipv4')
  client.send(Uint8Array.of(1), theirs)
  return client
}

interface Ingredients {
  readonly below: (bound: number) => number
  readonly bytes: (length: number) => Uint8Array
  readonly recorded: readonly Uint8Array[]
  readonly keys: { readonly ours: Uint8Array; readonly theirs: Uint8Array; readonly turn: Uint8Array }
  readonly username: string
}

/** Noise · what was sent, damaged · what was sent, made into an answer · a right check · odd attributes under a right key. */
function makeInput({ below, bytes, recorded, keys, username }: Ingredients): Uint8Array {
  const kind = below(5)
  const known = recorded[below(Math.max(1, recorded.length))] ?? new Uint8Array(0)
  if (kind === 0) return bytes(below(80))
  if (kind === 1) return damage(known, below)
  const key = [keys.ours, keys.theirs, keys.turn][below(3)] ?? keys.ours
  const message = decodeStun(known)
  const transactionId = kind === 2 && message !== null ? message.transactionId : bytes(12)
  if (kind === 3) {
    const facts = { username, priority: below(2 ** 31), useCandidate: below(2) === 0, tiebreaker: bytes(8) }
    return encodeCheck({ ...facts, role: below(2) === 0 ? 'controlling' : 'controlled' }, transactionId, keys.ours)
  }
  const types = [1, 6, 9, 10, 12, 13, 18, 19, 20, 21, 22, 23, 25, 32, 36, 37, 0x8029, 0x802a, 0x7777]
  const attributes = Array.from({ length: below(6) }, () => {
    const type = types[below(types.length)] ?? 1
    return { type, value: type === 6 && below(2) === 0 ? utf8(username) : bytes(below(24)) }
  })
  const method = message?.method ?? below(10)
  const kinds = ['request', 'indication', 'success', 'error'] as const
  return encodeStun({
    class: kinds[below(4)] ?? 'error',
    method,
    transactionId,
    attributes,
    key,
    fingerprint: below(2) === 0,
  })
}

function damage(known: Uint8Array, below: (bound: number) => number): Uint8Array {
  const changed = Uint8Array.from(known.subarray(0, known.length - (below(3) === 0 ? below(known.length + 1) : 0)))
  for (let count = below(4); count > 0 && changed.length > 0; count -= 1) changed[below(changed.length)] = below(256)
  return changed
}

function isSigned(input: Uint8Array, key: Uint8Array): boolean {
  const message = decodeStun(input)
  return message !== null && message.integrityAt > 0 && toHex(resign(message, key)) === toHex(signatureOf(message))
}

function signatureOf({ packet, integrityAt }: StunMessage): Uint8Array {
  return packet.subarray(integrityAt, integrityAt + 24)
}

function resign(message: StunMessage, key: Uint8Array): Uint8Array {
  const { class: kind, method, transactionId, attributes } = message
  return encodeStun({ class: kind, method, transactionId, attributes, key }).subarray(-24)
}

function refuseStranger(outputs: readonly IceOutput[]): void {
  const answered = outputs.some((output) => output.kind === 'send' && sameHost(output.to, stranger))
  if (answered) throw new Error('answered somebody without the password')
}

function sameHost(a: DatagramAddress, b: DatagramAddress): boolean {
  return a.host === b.host
}

function checkCodec(input: Uint8Array): void {
  const message = decodeStun(input)
  if (message === null) return
  findError(message)
  for (const { type } of message.attributes) {
    findText(message, type)
    findAddress(message, type)
    findXorAddress(message, type)
  }
  const { class: kind, method, transactionId, attributes } = message
  const again = decodeStun(encodeStun({ class: kind, method, transactionId, attributes }))
  if (again?.attributes.length !== attributes.length) throw new Error('a message changed when written again')
}

const words = [
  '1',
  '2',
  'UDP',
  'tcp',
  '2130706431',
  '192.0.2.1',
  '2001:db8::1',
  'a.local',
  '5000',
  '0',
  'typ',
  'host',
  'relay',
]

function checkCandidate(noise: string, below: (bound: number) => number): void {
  const right = ['1', '1', 'UDP', '2130706431', '192.0.2.1', '5000', 'typ', 'srflx', 'raddr', '::', 'rport', '9']
  const text = right.map((word) => (below(12) === 0 ? (words[below(words.length)] ?? noise) : word)).join(' ')
  for (const one of [text, noise, `${text} ${noise}`]) {
    const candidate = parseCandidate(one)
    if (candidate === null) continue
    const written = serializeCandidate(candidate)
    const again = parseCandidate(written)
    if (again === null || serializeCandidate(again) !== written)
      throw new Error('a candidate changed when written again')
  }
}
