import { join, resolve } from 'node:path'
import { sameSecret } from './accounts/sign-up-token.ts'
import { ensurePrivateDirectory } from './data-dir/private-file.ts'
import type { HttpDigest } from './http/digest.ts'
import { SqliteChainStore } from '../replica/access/sqlite-chain-store.ts'
import { ErasureList } from '../replica/erasures/erasure-list.ts'
import { defaultReplicaLimits, type ReplicaLimits } from '../replica/limits.ts'
import { ReplicaService } from '../replica/service.ts'
import { SqliteBlobStore } from '../replica/sqlite/sqlite-blob-store.ts'
import { SqliteReplicaStore } from '../replica/sqlite/sqlite-replica-store.ts'
import { aorDomain } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { utf8Text } from '#shared/bytes/bytes.ts'

export interface HomeReplicaPorts {
  readonly domain: string
  readonly digest: HttpDigest
  /** Whose holder is the owner of this computer account: opens accounts of other providers here. */
  readonly token: string
  readonly hosts: () => ReadonlySet<string>
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly limits: ReplicaLimits | undefined
}

/** The replica of a home server, in a folder of its directory. @throws SottoError when its files cannot be used. */
export function openHomeReplica(directory: string, ports: HomeReplicaPorts): ReplicaService {
  const { clock, domain, token, limits = defaultReplicaLimits } = ports
  const folder = join(directory, 'replica')
  ensurePrivateDirectory(folder)
  // Its own users show their password instead, so that nobody on this computer opens another's account.
  const isOfOwner = (shown: Uint8Array, account: Aor): Promise<boolean> =>
    Promise.resolve(aorDomain(account) !== domain && sameSecret(utf8Text(shown) ?? '', token))
  return new ReplicaService({
    ...ports,
    limits,
    store: new SqliteReplicaStore({ directory: folder, clock, limits }),
    blobs: new SqliteBlobStore({ directory: folder, clock, limits }),
    access: new SqliteChainStore(folder, limits),
    erasureList: openList(directory, limits, ports),
    accountOf: (user) => `sip:${user}@${domain}` as Aor,
    invitations: { redeem: isOfOwner, isOf: isOfOwner },
  })
}

/** Beside the directory, which is what a backup has. Where nothing can be written there the server runs without: its owner is told in the log. */
function openList(
  directory: string,
  { erasureListMs }: ReplicaLimits,
  ports: Pick<HomeReplicaPorts, 'clock' | 'random' | 'log'>,
): ErasureList | null {
  try {
    return ErasureList.open(`${resolve(directory)}.erasures`, erasureListMs, ports)
  } catch {
    ports.log.error('replica-erasure-list-failed')
    return null
  }
}
