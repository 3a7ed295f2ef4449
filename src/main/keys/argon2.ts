import { argon2id } from 'hash-wasm'
import { passphraseKeyBytes, type PassphraseCost } from './passphrase.ts'

/** Argon2id on the calling thread: about 0.2 s at the default cost, so only for a worker. */
export async function argon2(passphrase: Uint8Array, salt: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  return argon2id({
    password: passphrase,
    salt,
    memorySize: cost.memoryKib,
    iterations: cost.iterations,
    parallelism: cost.parallelism,
    hashLength: passphraseKeyBytes,
    outputType: 'binary',
  })
}
