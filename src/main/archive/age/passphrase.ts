/**
 * age's passphrase stanza on the host's scrypt, which is faster than the portable one and leaves the thread free.
 *
 *   `-> scrypt` · salt [16] in base64 · log2 of the work
 *   body: file key under ChaCha20-Poly1305, nonce of zeros, key = scrypt(passphrase, label + salt, N = 2^work, r = 8, p = 1)
 */
import { scrypt } from 'node:crypto'
import { Stanza, type Identity, type Recipient } from 'age-encryption'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { ageError } from './age-error.ts'
import { chunkCipher } from './chunk-cipher.ts'

/** What every age program writes: a quarter of a gibibyte, a second. */
const logWork = 18
/** 2^20: a gibibyte and seconds; what other programs choose at most. */
const maxLogWork = 20
const [saltBytes, sealedKeyBytes] = [16, 32]
export const fileKeyBytes = 16
const label = utf8('age-encryption.org/v1/scrypt')
const zeroNonce = new Uint8Array(12)
const blockSize = 8

/** Wraps a file key under a passphrase. */
export function passphraseRecipient(passphrase: string, random: RandomPort): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const salt = random.bytes(saltBytes)
      const key = await deriveKey(passphrase, salt, logWork)
      const body = Uint8Array.from(chunkCipher(key).seal(zeroNonce, fileKey))
      return [new Stanza(['scrypt', toBase64(salt), String(logWork)], body)]
    },
  }
}

/** Opens what {@link passphraseRecipient} of any age program wrapped. @throws ProtocolError `AgeErrorCode`. */
export function passphraseIdentity(passphrase: string): Identity {
  return {
    unwrapFileKey: async (stanzas) => {
      const stanza = stanzas.find(({ args }) => args[0] === 'scrypt')
      if (stanza === undefined) return null
      const { salt, work } = readStanza(stanza)
      return chunkCipher(await deriveKey(passphrase, salt, work)).open(zeroNonce, stanza.body)
    },
  }
}

function readStanza({ args, body }: Stanza): { salt: Uint8Array; work: number } {
  const [, saltText = '', workText = '', extra] = args
  const salt = new Uint8Array(Buffer.from(saltText, 'base64'))
  const isPlain = extra === undefined && salt.length === saltBytes && toBase64(salt) === saltText
  if (!isPlain || !/^[1-9][0-9]{0,5}$/.test(workText) || body.length !== sealedKeyBytes)
    throw ageError('age-malformed', 'scrypt')
  const work = Number(workText)
  if (work > maxLogWork) throw ageError('age-work-factor')
  return { salt, work }
}

function deriveKey(passphrase: string, salt: Uint8Array, work: number): Promise<Uint8Array> {
  const options = { N: 2 ** work, r: blockSize, p: 1, maxmem: 2 ** (work + 11) }
  return new Promise((resolve, reject) => {
    scrypt(passphrase, concatBytes(label, salt), 32, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/** Without padding, as age writes it. */
function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
