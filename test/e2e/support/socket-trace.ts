/** One address that a traced process tried to reach or listened on. */
export interface SocketUse {
  readonly call: string
  readonly address: string
  readonly port: number
}

/** System calls that can name a far end. */
export const tracedCalls = 'connect,bind,sendto,sendmsg,sendmmsg'

const inet4 = /^(?:\[pid\s+\d+\]\s+|\d+\s+)?(\w+)\(.*?sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)/
const inet6 = /^(?:\[pid\s+\d+\]\s+|\d+\s+)?(\w+)\(.*?sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"/

/** Reads strace output into the internet addresses it names; other families and calls are left out. */
export function parseSocketTrace(text: string): readonly SocketUse[] {
  const uses: SocketUse[] = []
  for (const line of text.split('\n')) {
    const match = inet4.exec(line) ?? inet6.exec(line)
    if (match?.[1] === undefined || match[3] === undefined) continue
    uses.push({ call: match[1], address: match[3], port: Number(match[2]) })
  }
  return uses
}

/** Whether an address stays on this computer. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || /^::ffff:127\./i.test(address)
}

/**
 * Uses that leave this computer or open it to others: anything not loopback. A client's `bind` to the unspecified address
 * with port 0 names no far end and opens no service.
 */
export function foreignUses(uses: readonly SocketUse[]): readonly SocketUse[] {
  return uses.filter((use) => {
    if (isLoopback(use.address)) return false
    const unspecified = use.address === '0.0.0.0' || use.address === '::'
    return !(use.call === 'bind' && unspecified && use.port === 0)
  })
}
