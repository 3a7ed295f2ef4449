/** One address that a traced process tried to reach or listened on. */
export interface SocketUse {
  readonly call: string
  readonly address: string
  readonly port: number
  /** A datagram socket that was only connected: the kernel looks up a route and nothing is sent. */
  readonly silent: boolean
}

/** System calls to trace: those that can name a far end, and those that tell what became of the socket. */
export const tracedCalls = 'socket,close,connect,bind,sendto,sendmsg,sendmmsg'

const callPattern = /^(?:\[pid\s+\d+\]\s+|\d+\s+)?(\w+)\((\d+|AF_\w+)(.*)$/
const inet4 = /sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)/
const inet6 = /sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"/

interface OpenSocket {
  readonly datagram: boolean
  readonly connects: number[]
}

/**
 * Reads the strace output of one thread (`-ff`) into the internet addresses it names. Chromium asks whether IPv6 works by
 * connecting a datagram socket to a public address and closing it again: such a connect is `silent` as long as nothing is
 * ever sent on it.
 */
export function parseSocketTrace(text: string): readonly SocketUse[] {
  const uses: SocketUse[] = []
  const open = new Map<string, OpenSocket>()
  for (const line of text.split('\n')) {
    const [, call, first, rest = ''] = callPattern.exec(line) ?? []
    if (call === undefined || first === undefined) continue
    if (call === 'socket') {
      const fd = /= (\d+)$/.exec(line)?.[1]
      if (fd !== undefined) open.set(fd, { datagram: rest.includes('SOCK_DGRAM'), connects: [] })
    } else if (call === 'close') open.delete(first)
    else record({ call, fd: first, rest }, open.get(first), uses)
  }
  return uses
}

function record(
  line: { call: string; fd: string; rest: string },
  socket: OpenSocket | undefined,
  uses: SocketUse[],
): void {
  if (line.call.startsWith('send')) {
    // Something went out: what was connected before is not silent after all.
    for (const index of socket?.connects ?? []) {
      const use = uses[index]
      if (use !== undefined) uses[index] = { ...use, silent: false }
    }
  }
  const match = inet4.exec(line.rest) ?? inet6.exec(line.rest)
  if (match?.[2] === undefined) return
  const silent = line.call === 'connect' && socket?.datagram === true
  if (silent) socket.connects.push(uses.length)
  uses.push({ call: line.call, address: match[2], port: Number(match[1]), silent })
}

/** Whether an address stays on this computer. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || /^::ffff:127\./i.test(address)
}

/**
 * Uses that leave this computer or open it to others: anything not loopback that sends or listens. A client's `bind` to the
 * unspecified address with port 0 names no far end and opens no service.
 */
export function foreignUses(uses: readonly SocketUse[]): readonly SocketUse[] {
  return uses.filter((use) => {
    if (isLoopback(use.address) || use.silent) return false
    const unspecified = use.address === '0.0.0.0' || use.address === '::'
    return !(use.call === 'bind' && unspecified && use.port === 0)
  })
}
