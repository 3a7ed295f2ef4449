import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileHa1, noHa1, sqliteSubscribers, type Ha1Source } from './ha1-source.ts'
import type { ReplicaOptions } from './options.ts'
import { SqliteChainStore } from '../access/sqlite-chain-store.ts'
import { SqliteInvitations } from '../access/sqlite-invitations.ts'
import { defaultReplicaLimits, type ReplicaLimits } from '../limits.ts'
import type { ReplicaMetricsPort } from '../metrics-port.ts'
import { openPostgresBlobStore } from '../postgres/postgres-blob-store.ts'
import { openPostgresStore } from '../postgres/postgres-store.ts'
import { postgresSubscribers } from '../postgres/postgres-subscribers.ts'
import { ErasureList } from '../erasures/erasure-list.ts'
import type { BlobStore } from '../blob-store.ts'
import type { ReplicaStore } from '../replica-store.ts'
import { ReplicaService } from '../service.ts'
import { SqliteBlobStore } from '../sqlite/sqlite-blob-store.ts'
import { SqliteReplicaStore } from '../sqlite/sqlite-replica-store.ts'
import { ensurePrivateDirectory } from '../../home/data-dir/private-file.ts'
import { HttpDigest } from '../../home/http/digest.ts'
import { defaultHomeLimits } from '../../home/limits.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export interface OpenServicePorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly metrics: ReplicaMetricsPort
  readonly hosts: () => ReadonlySet<string>
  readonly limits?: ReplicaLimits
}

export interface OpenService {
  readonly service: ReplicaService
  readonly invitations: SqliteInvitations
  /** Closes what the service does not. */
  close(): Promise<void>
}

type ServiceOptions = Pick<
  ReplicaOptions,
  'directory' | 'erasures' | 'postgres' | 'days' | 'domain' | 'digest' | 'ha1Column'
>

/** Connections to PostgreSQL at most: so many batches are made durable at once. */
const postgresConnections = 16
/** Beside them for attachments, which come in large parts. */
const postgresBlobConnections = 4
const schemaDirectory = fileURLToPath(new URL('../../../../resources/postgres', import.meta.url))

/** Opens what a replica alone needs. @throws SottoError, PostgresStoreError when its stores cannot be used. */
export async function openService(options: ServiceOptions, ports: OpenServicePorts): Promise<OpenService> {
  const { directory, domain, erasures } = options
  const limits = { ...(ports.limits ?? defaultReplicaLimits), retentionDays: options.days }
  ensurePrivateDirectory(directory)
  const erasureList = ErasureList.open(erasures, limits.erasureListMs, ports)
  const { store, blobs } = await openStores(options, ports.clock, limits)
  const source = ha1Source(options)
  const digest = new HttpDigest({ realm: domain ?? '', ...ports, ha1: () => null })
  const invitations = new SqliteInvitations(directory, { ...ports, limits: defaultHomeLimits })
  const service = new ReplicaService({
    ...ports,
    ...{ limits, store, blobs, invitations, erasureList, access: new SqliteChainStore(directory, limits) },
    digest: {
      challenge: (stale) => digest.challenge(stale),
      verify: (header, method, uri) => digest.verifyWith((user) => source.ha1(user), header, { method, uri }),
    },
    accountOf: (user) => `sip:${user}@${domain ?? ''}` as Aor,
  })
  const close = async (): Promise<void> => {
    invitations.close()
    await source.close()
  }
  return { service, invitations, close }
}

async function openStores(
  { directory, postgres: url }: ServiceOptions,
  clock: ClockPort,
  limits: ReplicaLimits,
): Promise<{ readonly store: ReplicaStore; readonly blobs: BlobStore }> {
  if (url === null) {
    const options = { directory: join(directory, 'histories'), clock, limits }
    return { store: new SqliteReplicaStore(options), blobs: new SqliteBlobStore(options) }
  }
  const options = { url, clock, limits, schemaDirectory }
  const store = await openPostgresStore({ ...options, connections: postgresConnections })
  try {
    return { store, blobs: await openPostgresBlobStore({ ...options, connections: postgresBlobConnections }) }
  } catch (error) {
    await store.close()
    throw error
  }
}

function ha1Source({ digest, domain, ha1Column: column }: ServiceOptions): Ha1Source {
  if (domain === null) return noHa1
  switch (digest.kind) {
    case 'none':
      return noHa1
    case 'file':
      return fileHa1(digest.path, domain)
    case 'sqlite':
      return sqliteSubscribers(digest.path, { domain, column })
    case 'postgres':
      return postgresSubscribers(digest.url, { domain, column })
  }
}
