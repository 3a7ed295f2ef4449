import type { RequestHead } from '#protocol/msrp/head.ts'
import type { PathTable } from './path-table.ts'

/** Where a request goes: over a connection, with its paths rewritten; or the status that refuses it. */
export type Route<Peer> =
  | { readonly kind: 'forward'; readonly to: Peer; readonly head: RequestHead }
  /** The path leads to a host that is not ours. */
  | { readonly kind: 'outside' }
  /** The path ends here: nothing to forward. */
  | { readonly kind: 'self' }
  | { readonly kind: 'refuse'; readonly status: number }

/** Longest chain of own URIs in one path: the sender's and the receiver's, with room for one more. */
const maxOwnHops = 3

/**
 * RFC 4976 §6.4: moves the first To-Path URI, which must be one we handed out, to the front of From-Path, and sends the
 * request either from the owner of that URI outwards, or from elsewhere to its owner. Several own URIs in a row are walked
 * without leaving the process, with the paths any two relays would have written.
 */
export function routeRequest<Peer>(table: PathTable<Peer>, request: RequestHead, from: Peer | null): Route<Peer> {
  let head = request
  let previous = from
  for (let hop = 0; hop < maxOwnHops; hop += 1) {
    const [first, next] = head.toPath
    const path = table.find(first)
    if (first === undefined || path === null) return { kind: 'refuse', status: 481 }
    head = { ...head, toPath: head.toPath.slice(1), fromPath: [first, ...head.fromPath] }
    if (next === undefined) return { kind: 'self' }
    if (path.owner !== previous) return { kind: 'forward', to: path.owner, head }
    if (table.find(next) === null) return sameHost(first, next) ? { kind: 'refuse', status: 481 } : { kind: 'outside' }
    previous = null
  }
  return { kind: 'refuse', status: 481 }
}

const hostPattern = /^msrps?:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/;]+)/i

/** Whether a hop is on the host of one that we wrote ourselves: then it was ours once, and is gone. */
function sameHost(own: string, other: string): boolean {
  const host = hostPattern.exec(own)?.[1]?.toLowerCase()
  return host !== undefined && host === hostPattern.exec(other)?.[1]?.toLowerCase()
}
