/** Seals what this device tells the person's other devices directly (pure but for the ports handed in). */
import { compareBytes } from '#shared/bytes/bytes.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { saltBytes } from '#shared/replication/envelope.ts'
import { maxFrontierDevices, type Place } from '#shared/replication/head.ts'
import { encodeHeads, encodeHeadsFront, encodeStatement, headsSignatureInput } from '#shared/replication/heads.ts'
import type { ReplicaCrypto, ReplicaJournal } from '../ports.ts'
import type { HeadsSealing } from './heads-ports.ts'

export interface HeadsWriting {
  readonly account: string
  readonly device: Uint8Array
  readonly chain: { readonly length: number; readonly head: string }
  readonly journal: Pick<ReplicaJournal, 'own' | 'confirmed' | 'places' | 'hashAt'>
  /** Milliseconds since 1970; more than the time before. */
  readonly at: number
  readonly sealing: HeadsSealing
  readonly crypto: Pick<ReplicaCrypto, 'sign' | 'random'>
}

/** A whole message. */
export function writeHeads({ account, device, chain, journal, at, sealing, crypto }: HeadsWriting): Uint8Array {
  const { epoch } = sealing
  const places = [...ownPlace(journal, device), ...journal.places()]
  const statement = encodeStatement({
    ...{ version: 1, account, device, epoch, at },
    chain: { length: chain.length, head: fromBase64Url(chain.head) ?? new Uint8Array() },
    frontier: places.sort((a, b) => compareBytes(a.device, b.device)).slice(0, maxFrontierDevices),
  })
  const front = encodeHeadsFront({ device, epoch, salt: crypto.random(saltBytes) })
  const sealed = sealing.sealHeads(front, statement)
  return encodeHeads({ front, sealed, signature: crypto.sign(headsSignatureInput({ front, sealed })) })
}

/** What no server has confirmed, none can withhold. */
function ownPlace(journal: HeadsWriting['journal'], device: Uint8Array): readonly Place[] {
  const [own, seq] = [journal.own(), journal.confirmed()]
  const hash = seq < 1 ? null : journal.hashAt(device, seq)
  return own === null || hash === null ? [] : [{ device, seq, hash, at: own.at }]
}
