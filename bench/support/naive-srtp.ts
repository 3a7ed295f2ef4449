/** SRTP as anybody would write it with node:crypto in an afternoon: no replay check, no SSRCs, keys derived once. */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual, type CipherKey } from 'node:crypto'

const headerBytes = 12

export interface NaiveKeys {
  readonly encryption: CipherKey
  readonly authentication: CipherKey
  readonly salt: Buffer
}

export interface NaiveSrtp {
  protect(packet: Buffer, roc: number): Buffer
  unprotect(packet: Buffer, roc: number): Buffer
}

function initialValue(packet: Buffer, roc: number, salt: Buffer, layout: 'cm' | 'gcm'): Buffer {
  const iv = Buffer.alloc(layout === 'cm' ? 16 : 12)
  const at = layout === 'cm' ? 4 : 2
  packet.copy(iv, at, 8, 12)
  iv.writeUInt32BE(roc, at + 4)
  packet.copy(iv, at + 8, 2, 4)
  for (let byte = 0; byte < salt.length; byte += 1) iv[byte] = (iv[byte] ?? 0) ^ (salt[byte] ?? 0)
  return iv
}

/** AES_CM_128_HMAC_SHA1_80. */
export function naiveCounterMode({ encryption, authentication, salt }: NaiveKeys): NaiveSrtp {
  const tagOf = (authenticated: Buffer, roc: number): Buffer => {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(roc)
    return createHmac('sha1', authentication).update(authenticated).update(count).digest().subarray(0, 10)
  }
  return {
    protect(packet, roc) {
      const cipher = createCipheriv('aes-128-ctr', encryption, initialValue(packet, roc, salt, 'cm'))
      const sealed = [packet.subarray(0, headerBytes), cipher.update(packet.subarray(headerBytes)), cipher.final()]
      const authenticated = Buffer.concat(sealed)
      return Buffer.concat([authenticated, tagOf(authenticated, roc)])
    },
    unprotect(packet, roc) {
      const authenticated = packet.subarray(0, packet.length - 10)
      if (!timingSafeEqual(tagOf(authenticated, roc), packet.subarray(packet.length - 10))) throw new Error('forged')
      const decipher = createDecipheriv('aes-128-ctr', encryption, initialValue(packet, roc, salt, 'cm'))
      const payload = decipher.update(authenticated.subarray(headerBytes))
      return Buffer.concat([packet.subarray(0, headerBytes), payload, decipher.final()])
    },
  }
}

/** AEAD_AES_128_GCM. */
export function naiveGaloisMode({ encryption, salt }: NaiveKeys): NaiveSrtp {
  return {
    protect(packet, roc) {
      const cipher = createCipheriv('aes-128-gcm', encryption, initialValue(packet, roc, salt, 'gcm'))
      const header = packet.subarray(0, headerBytes)
      cipher.setAAD(header)
      return Buffer.concat([header, cipher.update(packet.subarray(headerBytes)), cipher.final(), cipher.getAuthTag()])
    },
    unprotect(packet, roc) {
      const end = packet.length - 16
      const iv = initialValue(packet, roc, salt, 'gcm')
      const decipher = createDecipheriv('aes-128-gcm', encryption, iv, { authTagLength: 16 })
      const header = packet.subarray(0, headerBytes)
      decipher.setAAD(header)
      decipher.setAuthTag(packet.subarray(end))
      return Buffer.concat([header, decipher.update(packet.subarray(headerBytes, end)), decipher.final()])
    },
  }
}
