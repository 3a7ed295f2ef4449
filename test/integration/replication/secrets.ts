/** The cryptography of a simulated world: stand-ins that cost next to nothing, or the real one. */
import { createHash } from 'node:crypto'
import { utf8 } from '#shared/bytes/bytes.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import { publicKeyOf, signEd25519, verifyEd25519 } from '#main/keys/key-pairs.ts'
import type { HeadsSealing } from '#main/replication/heads/heads-ports.ts'
import type { ReplicaCrypto, SealingPort } from '#main/replication/ports.ts'
import { openBody, openHeads, sealBody, sealHeads } from '#main/replication/sealing.ts'
import { stubCrypto, stubHash, stubHeadsSealing, stubSealing } from './stub-crypto.ts'

export interface DeviceSecrets {
  /** Ed25519 seed, or what stands for it. */
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  readonly id: Uint8Array
}

export interface Secrets {
  device(name: string): DeviceSecrets
  cryptoOf(device: DeviceSecrets, random: () => number): ReplicaCrypto
  /** Seals with the newest epoch that is known and opens with any of them. */
  sealingOf(known: ReadonlySet<number>): SealingPort
  /** The same for heads that devices send each other. */
  headsSealingOf(known: ReadonlySet<number>): HeadsSealing
  /** What is in a body, whatever its epoch. */
  open(header: Uint8Array, body: Uint8Array): Uint8Array
}

export const stubSecrets: Secrets = {
  device: (name) => {
    const seed = stubHash(utf8(name))
    return { seed, publicKey: seed, id: stubHash(seed).subarray(0, 16) }
  },
  cryptoOf: ({ seed }, random) => stubCrypto(seed, random),
  sealingOf: (known) =>
    stubSealing({
      get newest() {
        return Math.max(...known)
      },
      known,
    }),
  headsSealingOf: stubHeadsSealing,
  open: (_header, body) => body.subarray(0, body.length - 32),
}

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())
const epochKey = (epoch: number): Uint8Array => sha256(utf8(`epoch ${epoch}`))

export const realSecrets: Secrets = {
  device: (name) => {
    const seed = sha256(utf8(name))
    const publicKey = publicKeyOf('ed25519', seed)
    return { seed, publicKey, id: sha256(publicKey).subarray(0, 16) }
  },
  cryptoOf: ({ seed }, random) => ({
    hash: sha256,
    verify: verifyEd25519,
    sign: (message) => signEd25519(seed, message),
    random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
  }),
  sealingOf: (known) => ({
    get epoch() {
      return Math.max(...known)
    },
    seal: (start, content) => sealBody(epochKey(Math.max(...known)), start, content),
    open: (header, body) => {
      const { epoch } = decodeHeader(header)
      return known.has(epoch) ? openBody(epochKey(epoch), header, body) : 'no-key'
    },
  }),
  headsSealingOf: (known) => ({
    get epoch() {
      return Math.max(...known)
    },
    sealHeads: (front, content) => sealHeads(epochKey(Math.max(...known)), front, content),
    openHeads: (epoch, front, sealed) => (known.has(epoch) ? openHeads(epochKey(epoch), front, sealed) : 'no-key'),
  }),
  open: (header, body) => {
    const content = openBody(epochKey(decodeHeader(header).epoch), header, body)
    if (content === null) throw new Error('a body at the server does not open')
    return content
  },
}
