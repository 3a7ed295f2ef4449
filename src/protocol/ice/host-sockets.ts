import type { DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import { familyOf } from './ip-address.ts'

const maxAddresses = 16
const attempts = 16

/** Own addresses in the order of preference: both families in turn, IPv6 first (RFC 8421 §4). */
export function hostAddresses(datagrams: DatagramsPort, loopback: boolean): readonly string[] {
  const all = [...datagrams.localAddresses(), ...(loopback ? ['127.0.0.1', '::1'] : [])]
  const six = all.filter((host) => familyOf(host) === 'ipv6')
  const four = all.filter((host) => familyOf(host) === 'ipv4')
  const turns = Array.from({ length: Math.max(six.length, four.length) }, (_, at) => [six[at], four[at]])
  return turns
    .flat()
    .filter((host) => host !== undefined)
    .slice(0, maxAddresses)
}

/**
 * Sockets for one stream on one address: one, or two with RTP on an even port and RTCP on the next, which peers without ICE may take
 * for granted (RFC 3550 §11). Fewer when the address cannot be bound.
 */
export async function bindHost(
  datagrams: DatagramsPort,
  host: string,
  components: 1 | 2,
): Promise<readonly DatagramSocket[]> {
  if (components === 1) return bindSome(datagrams, host, 1)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const first = await datagrams.bind({ host, port: 0 })
    if (!first.ok) return []
    const { port } = first.value.local
    const second = port % 2 === 0 ? await datagrams.bind({ host, port: port + 1 }) : null
    if (second?.ok === true) return [first.value, second.value]
    first.value.close()
  }
  return bindSome(datagrams, host, 2)
}

async function bindSome(datagrams: DatagramsPort, host: string, count: number): Promise<readonly DatagramSocket[]> {
  const bound = await Promise.all(Array.from({ length: count }, () => datagrams.bind({ host, port: 0 })))
  return bound.filter((one) => one.ok).map(({ value }) => value)
}
