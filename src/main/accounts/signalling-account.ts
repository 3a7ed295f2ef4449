import type { AccountRecord } from './account-record.ts'
import type { Credentials, SignallingAccount } from './signalling-port.ts'

/** What the signalling worker needs of a stored account; `password` only until HA1 values are known. */
export function signallingAccountOf(record: AccountRecord, password: Uint8Array | null): SignallingAccount {
  const { id, aor, displayName, transport, server, instanceId, extraAuthorities, spkiPins } = record
  const { username, realm, ha1Md5, ha1Sha256, strongest } = record
  return {
    ...{ id, aor, displayName, transport, server, instanceId, extraAuthorities, spkiPins },
    ...(record.msrpRelay === null ? {} : { msrpRelay: record.msrpRelay }),
    credentials: { username, realm, ha1Md5, ha1Sha256, strongest, password },
  }
}

/** The record with what the first registration taught; the password itself is never stored. */
export function withCredentials(record: AccountRecord, credentials: Credentials): AccountRecord {
  const { realm, ha1Md5, ha1Sha256, strongest } = credentials
  return { ...record, realm, ha1Md5, ha1Sha256, strongest }
}
