/** Which algorithms a handshake uses (RFC 6189 §4.1.2, §5.1.5). */
import {
  fastestFirst,
  type Algorithms,
  type CipherName,
  type DhName,
  type HashName,
  type Preferences,
} from './algorithms.ts'
import type { Commit } from './commit.ts'
import type { Hello } from './hello.ts'
import { errorCodes } from './message.ts'

type Lists = Pick<Hello, 'hashes' | 'ciphers' | 'authTags' | 'keyAgreements' | 'sasTypes'>

/** What an initiator of `own` preferences (with what is mandatory) commits to towards the sender of `peer`. */
export function chooseAlgorithms(own: Preferences, peer: Lists): Algorithms {
  const hashes = common(own.hashes, [...peer.hashes, 'S256'])
  const keyAgreement = chooseKeyAgreement(own.keyAgreements, peer.keyAgreements, hashes.includes('S384'))
  return {
    hash: keyAgreement === 'EC38' ? 'S384' : (hashes[0] ?? 'S256'),
    cipher: chooseCipher(keyAgreement, common(own.ciphers, [...peer.ciphers, 'AES1'])),
    authTag: common(own.authTags, [...peer.authTags, 'HS32', 'HS80'])[0] ?? 'HS32',
    keyAgreement,
    sas: common(own.sasTypes, [...peer.sasTypes, 'B32 '])[0] ?? 'B32 ',
  }
}

/** The faster of both sides' first common choices; EC38 only where SHA-384 is common too. */
function chooseKeyAgreement(own: readonly DhName[], peer: readonly string[], hasSha384: boolean): DhName {
  const usable = own.filter((name) => name !== 'EC38' || hasSha384)
  const peers = [...peer, 'DH3k']
  const ownFirst = common(usable, peers)[0] ?? 'DH3k'
  const peerFirst = peers.map((name) => usable.find((each) => each === name)).find((name) => name !== undefined)
  return fastestFirst.indexOf(ownFirst) <= fastestFirst.indexOf(peerFirst ?? ownFirst)
    ? ownFirst
    : (peerFirst ?? ownFirst)
}

function chooseCipher(keyAgreement: DhName, ciphers: readonly CipherName[]): CipherName {
  const fitting: CipherName | null = keyAgreement === 'EC38' ? 'AES3' : keyAgreement === 'DH2k' ? 'AES1' : null
  return ciphers.find((name) => name === fitting) ?? ciphers[0] ?? 'AES1'
}

/** A further stream keeps the algorithms of the first where the peer's Hello still has them (§4.4.3.1). */
export function chooseMultistream(first: Algorithms, own: Preferences, peer: Lists): Algorithms {
  const chosen = chooseAlgorithms(own, peer)
  return {
    hash: has([...peer.hashes, 'S256'], first.hash) ? first.hash : chosen.hash,
    cipher: has([...peer.ciphers, 'AES1'], first.cipher) ? first.cipher : chosen.cipher,
    authTag: has([...peer.authTags, 'HS32', 'HS80'], first.authTag) ? first.authTag : chosen.authTag,
    keyAgreement: 'Mult',
    sas: first.sas,
  }
}

/** The algorithms of a Commit, or the error code of the first that was not offered. */
export function readAlgorithms(own: Preferences, commit: Commit): Algorithms | number {
  const hash = own.hashes.find((name) => name === commit.hash)
  const cipher = own.ciphers.find((name) => name === commit.cipher)
  const authTag = own.authTags.find((name) => name === commit.authTag)
  const keyAgreement = ([...own.keyAgreements, 'Mult'] as const).find((name) => name === commit.keyAgreement)
  const sas = own.sasTypes.find((name) => name === commit.sas)
  if (hash === undefined || !fits(commit.keyAgreement, hash)) return errorCodes.hash
  if (cipher === undefined) return errorCodes.cipher
  if (keyAgreement === undefined) return errorCodes.keyAgreement
  if (authTag === undefined) return errorCodes.authTag
  // The SAS type of a further stream is ignored (§4.4.3.1).
  if (sas === undefined && keyAgreement !== 'Mult') return errorCodes.sas
  return { hash, cipher, authTag, keyAgreement, sas: sas ?? 'B32 ' }
}

/** EC38 goes with SHA-384 only. */
function fits(keyAgreement: string, hash: HashName): boolean {
  return keyAgreement !== 'EC38' || hash === 'S384'
}

function common<Name extends string>(own: readonly Name[], peer: readonly string[]): readonly Name[] {
  return own.filter((name) => peer.includes(name))
}

function has(list: readonly string[], name: string): boolean {
  return list.includes(name)
}
