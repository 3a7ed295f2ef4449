import { isIPv4, isIPv6 } from 'node:net'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'

export type IpFamily = 'ipv4' | 'ipv6'

/** Family of a numeric address. */
export function familyOf(host: string): IpFamily {
  return host.includes(':') ? 'ipv6' : 'ipv4'
}

/** 4 or 16 bytes of a numeric address, a mapped IPv4 address as IPv4; null for names, zones and anything else. */
export function ipBytes(host: string): Uint8Array | null {
  if (isIPv4(host)) return Uint8Array.from(host.split('.'), Number)
  if (!isIPv6(host) || host.includes('%')) return null
  const [head = '', tail] = host.split('::')
  const first = groupsOf(head)
  const last = tail === undefined ? [] : groupsOf(tail)
  const words = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last]
  const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]))
  return isMapped(bytes) ? bytes.subarray(12) : bytes
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
}

/** Text of 4 or 16 bytes; IPv6 as RFC 5952 writes it. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (isMapped(bytes)) return bytes.subarray(12).join('.')
  const words = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0))
  const gap = longestGap(words)
  const hex = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':')
  if (gap.length < 2) return hex(words)
  return `${hex(words.slice(0, gap.at))}::${hex(words.slice(gap.at + gap.length))}`
}

function longestGap(words: readonly number[]): { readonly at: number; readonly length: number } {
  let best = { at: 0, length: 0 }
  let start = 0
  words.forEach((word, at) => {
    if (word !== 0) start = at + 1
    else if (at + 1 - start > best.length) best = { at: start, length: at + 1 - start }
  })
  return best
}

/** The one spelling of a numeric address; null when it is none. */
export function canonicalIp(host: string): string | null {
  const bytes = ipBytes(host)
  return bytes === null ? null : ipText(bytes)
}

/** Whether both are the same address and port; both in their one spelling. */
export function sameAddress(a: DatagramAddress, b: DatagramAddress): boolean {
  return a.port === b.port && a.host === b.host
}

/** Text that names an address among others. */
export function addressKey({ host, port }: DatagramAddress): string {
  return `${host}|${port}`
}

/** What a packet to `host` would reach. */
export type IpScope = 'global' | 'link-local' | 'loopback' | 'none'

/** The scope of a numeric address; `none` for what no single other host can have (unspecified, multicast, reserved). */
export function scopeOf(host: string): IpScope {
  const bytes = ipBytes(host)
  if (bytes === null) return 'none'
  return bytes.length === 4 ? scopeOf4(bytes) : scopeOf6(bytes)
}

function scopeOf4([a = 0, b = 0]: Uint8Array): IpScope {
  if (a === 0 || a >= 224) return 'none'
  if (a === 127) return 'loopback'
  return a === 169 && b === 254 ? 'link-local' : 'global'
}

function scopeOf6(bytes: Uint8Array): IpScope {
  const [a = 0, b = 0] = bytes
  if (a === 0xff) return 'none'
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link-local'
  const isLow = bytes.subarray(0, 15).every((byte) => byte === 0)
  if (!isLow) return 'global'
  return bytes[15] === 1 ? 'loopback' : 'none'
}
