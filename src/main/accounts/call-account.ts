import { SottoError } from '#shared/errors.ts'
import { echoUser, homeNetworks } from '#shared/home/api.ts'
import { aorDomain } from '#shared/model/aor.ts'
import type { CallPolicy } from '#shared/model/calls.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { AccountView, SipTransport } from '#shared/model/views.ts'
import type { AccountRecord } from './account-record.ts'

/** TURN server of an account with what opens it; stays in main. */
export interface CallRelay {
  /** `host:port`, brackets around an IPv6 address. */
  readonly server: string
  readonly username: string
  /** Empty while the user has not given it. */
  readonly password: string
}

/** What the calls feature needs to know of an account. */
export interface CallAccount {
  readonly id: AccountId
  readonly aor: Aor
  readonly displayName: string
  readonly deviceId: DeviceId
  readonly enabled: boolean
  readonly transport: SipTransport
  readonly callPolicy: CallPolicy
  readonly hideAddress: AccountView['hideAddress']
  readonly relay: CallRelay | null
}

/** Port of TURN over UDP where the user gives none (RFC 8656 §3). */
const turnPort = 3478

export function callAccountOf(record: AccountRecord, deviceId: DeviceId = '' as DeviceId): CallAccount {
  const { id, aor, displayName, enabled, transport, callPolicy, hideAddress, relay } = record
  return { id, aor, displayName, deviceId, enabled, transport, callPolicy, hideAddress, relay }
}

/** The relay as the screen shows it: whether there is a password, never which. */
export function relayView(relay: CallRelay | null): AccountView['relay'] {
  if (relay === null) return null
  const { server, username, password } = relay
  return { server, username, hasPassword: password !== '' }
}

/** Whoever runs a home server has its echo contact; other servers may have one under another name, or none. */
export function echoContactOf({ aor, local }: Pick<AccountRecord, 'aor' | 'local'>): Aor | null {
  const domain = aorDomain(aor)
  return local || domain.endsWith(`.${homeNetworks}`) ? (`sip:${echoUser}@${domain}` as Aor) : null
}

/**
 * The relay after the user changed it. A password belongs to one server and one user name: no other server may see a proof
 * of it.
 * @throws SottoError `invalid-argument` for a server that is no `host:port`.
 */
export function changedRelay(
  before: CallRelay | null,
  next: { readonly server: string; readonly username: string } | null,
): CallRelay | null {
  if (next === null) return null
  const server = relayServer(next.server)
  const { username } = next
  const same = before?.server === server && before.username === username
  return { server, username, password: same ? before.password : '' }
}

/** @throws SottoError `invalid-argument` without a relay, or for bytes that are no UTF-8. */
export function withRelayPassword(record: AccountRecord, password: Uint8Array): AccountRecord {
  if (record.relay === null) throw new SottoError('invalid-argument')
  return { ...record, relay: { ...record.relay, password: textOf(password) } }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SottoError('invalid-argument')
  }
}

/** `host:port` in one spelling; the port of TURN where there is none. */
function relayServer(given: string): string {
  const match = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(\d{1,5}))?$/.exec(given.trim().toLowerCase())
  const port = Number(match?.[2] ?? turnPort)
  if (match?.[1] === undefined || port === 0 || port > 65_535) throw new SottoError('invalid-argument')
  return `${match[1]}:${port}`
}
