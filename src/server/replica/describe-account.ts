import type { ReplicaService } from './service.ts'
import { formatDay } from '../home/data-dir/day.ts'
import { fromBase64Url, toBase64Url } from '#shared/bytes/base64url.ts'
import type { ReplicaHolding } from '#shared/home/api.ts'
import type { Aor } from '#shared/model/ids.ts'

/** What a replica holds of an account, as far as it can be said without its keys. */
export async function describeAccount(
  { chains, erasures, ports }: ReplicaService,
  account: Aor,
): Promise<ReplicaHolding> {
  const { store, access } = ports
  const chain = await chains.read(account)
  const devices = [...(chain?.state.devices.keys() ?? [])].map((id) => fromBase64Url(id) ?? new Uint8Array())
  const boxes = await Promise.all([...devices, 'paper' as const].map((each) => access.boxes(account, each)))
  const [heads, usage] = [await store.heads(account), await store.usage(account)]
  return {
    links: chain?.links.length ?? 0,
    boxes: boxes.flat().length,
    devices: heads.map(({ device, seq, day }) => ({
      device: toBase64Url(device),
      written: seq,
      lastDay: formatDay(day),
    })),
    batches: usage.batches,
    bytes: usage.bytes,
    oldestDay: usage.oldestDay === null ? null : formatDay(usage.oldestDay),
    erasure: await erasures.notice(account),
  }
}
