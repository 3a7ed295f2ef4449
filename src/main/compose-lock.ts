/** Wires what runs while Sotto is locked, and what locks it. */
import { KeptSignalling } from './accounts/signalling/kept-signalling.ts'
import { startSignallingClient } from './accounts/signalling/client.ts'
import type { IncomingBody } from './accounts/signalling-port.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import { readBody } from './chat/wire-read.ts'
import { maxIncomingBytes } from './chat/limits.ts'
import { LockedSession } from './locked/locked-session.ts'
import type { BodyKind, LockedNoticesPort } from './locked/ports.ts'
import { Spool } from './spool/spool.ts'
import { SpoolStore } from './spool/spool-store.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { isHeads } from '#shared/replication/heads.ts'

export interface LockPorts {
  readonly spoolFolder: string
  readonly publisher: BridgePublisher
  readonly notices: LockedNoticesPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}

export interface LockParts {
  readonly spool: Spool
  readonly locked: LockedSession
  /** Starts with the first session and goes on across locks. */
  readonly signalling: () => Promise<KeptSignalling>
  /** The network came back, or the computer woke up, with no session to hear of it. */
  networkChanged(): void
  stop(): Promise<void>
}

/** Makes the spool, what listens while Sotto is locked, and the signalling that both share with sessions. */
export function composeLock(ports: LockPorts): LockParts {
  const { publisher, log, random } = ports
  const spool = new Spool({ store: new SpoolStore(ports.spoolFolder), random })
  const locked = new LockedSession({
    ...ports,
    ...{ spool, describe: describeBody, log: log.child('locked') },
    screen: { changed: (calls, revision) => publisher.publish('calls.changed', { calls, revision }) },
  })
  let kept: Promise<KeptSignalling> | null = null
  return {
    ...{ spool, locked },
    signalling: () => {
      kept ??= startSignallingClient(ports).then((client) => new KeptSignalling(client, locked))
      // What did not start is tried again with the next session.
      kept.catch(() => (kept = null))
      return kept
    },
    networkChanged: () => {
      kept?.then((signalling) => signalling.networkChanged()).catch(() => undefined)
    },
    stop: async () => {
      const ending = kept
      kept = null
      await ending?.then(
        (signalling) => signalling.stop(),
        () => undefined,
      )
    },
  }
}

/** What a body is; only its form is looked at, and nothing of it is kept. */
export function describeBody(body: Omit<IncomingBody, 'receipt'>): BodyKind {
  if (body.payload.length > maxIncomingBytes) return 'malformed'
  if (isHeads(body.contentType)) return 'fleeting'
  try {
    const wire = readBody(body, body.transportId)
    if (wire.kind === 'typing') return 'fleeting'
    return wire.kind === 'line' && wire.content.kind === 'text' && wire.ownCopy === null ? 'text' : 'other'
  } catch {
    return 'malformed'
  }
}
