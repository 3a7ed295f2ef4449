import { aorUser } from '#shared/model/aor.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { SipTransport } from '#shared/model/views.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { AccountRecord } from './account-record.ts'

/** A new account before it has an id. */
export interface NewAccount {
  readonly aor: Aor
  readonly displayName: string
  readonly transport: SipTransport
  readonly server: string | null
  readonly msrpRelay: string | null
  readonly spkiPins: readonly string[]
  readonly local: boolean
}

/** What is kept about an account from the start, under ids of its own. */
export function newAccountRecord(account: NewAccount, random: RandomPort): AccountRecord {
  return {
    ...account,
    spkiPins: [...account.spkiPins],
    id: Buffer.from(random.bytes(16)).toString('base64url') as AccountId,
    enabled: true,
    username: aorUser(account.aor),
    realm: null,
    ha1Md5: null,
    ha1Sha256: null,
    strongest: null,
    instanceId: `urn:uuid:${uuidFrom(random.bytes(16))}`,
    extraAuthorities: [],
    sendReceipts: true,
    sendTyping: true,
    callPolicy: 'zrtp-preferred',
    hideAddress: 'strangers',
    relay: null,
    passwordEpoch: 0,
  }
}

/** Random UUID version 4 (RFC 9562 §5.4) from 16 random bytes. */
function uuidFrom(bytes: Uint8Array): string {
  const b = Uint8Array.from(bytes)
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80
  const hex = Buffer.from(b).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** An account as another device of it signs in; what is a device's own is made anew. */
export type AdoptedAccount = Omit<AccountRecord, 'id' | 'instanceId' | 'enabled'>

export function adoptedRecord(account: AdoptedAccount, random: RandomPort): AccountRecord {
  const { aor, displayName, transport, server, msrpRelay, spkiPins, local } = account
  const fresh = newAccountRecord({ aor, displayName, transport, server, msrpRelay, spkiPins, local }, random)
  return { ...fresh, ...account }
}
