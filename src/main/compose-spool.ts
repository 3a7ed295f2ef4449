/** What came in while Sotto was locked: into the history at unlock, and the key for the next lock. */
import { wipe } from '#shared/bytes/bytes.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import type { LockedSession } from './locked/locked-session.ts'
import { decodeSpoolKey, encodeSpoolKey, newSpoolKey, sealKeyOf, type SpoolOpenKey } from './spool/sealed-record.ts'
import type { Applied, Spool, SpoolReport } from './spool/spool.ts'
import type { SpooledBody, SpooledCall, SpoolRecord } from './spool/spool-record.ts'

/** Where the pair is kept: inside the encrypted history only. */
export interface SpoolKeyring {
  /** The encoded pair, the caller's to wipe. */
  load(): Promise<Uint8Array | null>
  save(value: Uint8Array): Promise<void>
}

export interface SpoolPorts {
  readonly spool: Spool
  readonly locked: LockedSession
  readonly publisher: BridgePublisher
  readonly random: RandomPort
  readonly log: LogPort
}

/** How records are applied: a body by the status it would be answered with, a call as a line of the history. */
export interface ApplyPorts {
  body(body: SpooledBody['body'], at: number): Promise<number>
  call(call: SpooledCall): Promise<void>
}

/** Statuses that say: not now. Everything else is a decision, and a body that was refused is not wanted. */
const again: ReadonlySet<number> = new Set([408, 500])

/** Applies what is there; never rejects, since people must get at their history. */
export async function applySpool(ports: SpoolPorts, keyring: SpoolKeyring, apply: ApplyPorts): Promise<void> {
  try {
    const key = await loadKey(keyring)
    const report = await ports.spool.drain(key, (record) => applyRecord(record, apply))
    tell(ports, report)
    ports.locked.useKey(await sealKeyFor(ports, keyring, report.left === 0 ? null : key))
    if (key !== null) wipe(key.privateKey, key.mark)
  } catch {
    ports.log.error('spool.apply-failed')
    notice(ports, 'spool-failed')
  }
}

async function applyRecord(record: SpoolRecord, apply: ApplyPorts): Promise<Applied> {
  if (record.kind === 'body') return again.has(await apply.body(record.body, record.at)) ? 'later' : 'done'
  return apply.call(record).then(
    () => 'done',
    () => 'later',
  )
}

/** A new pair each time nothing is left of the old one: what was sealed and is gone can never be opened again. */
async function sealKeyFor(
  { random }: SpoolPorts,
  keyring: SpoolKeyring,
  kept: SpoolOpenKey | null,
): Promise<ReturnType<typeof sealKeyOf>> {
  if (kept !== null) return sealKeyOf(kept)
  const fresh = newSpoolKey(random)
  const encoded = encodeSpoolKey(fresh)
  try {
    // Before anything is sealed to it.
    await keyring.save(encoded)
    return sealKeyOf(fresh)
  } finally {
    wipe(encoded, fresh.privateKey, fresh.mark)
  }
}

async function loadKey(keyring: SpoolKeyring): Promise<SpoolOpenKey | null> {
  const encoded = await keyring.load()
  if (encoded === null) return null
  const key = decodeSpoolKey(encoded)
  wipe(encoded)
  return key
}

function tell(ports: SpoolPorts, { refused, left }: SpoolReport): void {
  if (refused > 0) notice(ports, 'spool-damaged', refused)
  if (left > 0) notice(ports, 'spool-waiting', left)
}

function notice({ publisher }: SpoolPorts, code: ErrorCode, count?: number): void {
  publisher.publish('notice.error', { code, params: count === undefined ? {} : { count } })
}
