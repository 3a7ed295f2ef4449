import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { canonicalIp, familyOf } from './ip-address.ts'

/** RFC 8445 §5.1.1: own address · as a server saw it · as the peer saw it · a server's. */
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay'

/** 1 = RTP, 2 = RTCP. */
export type Component = 1 | 2

/** A transport address that may be tried; UDP. */
export interface Candidate {
  readonly foundation: string
  readonly component: Component
  /** 1 to 2³¹ − 1. */
  readonly priority: number
  readonly address: DatagramAddress
  readonly type: CandidateType
  /** What the address stands for, said for diagnosis only; absent = not said. */
  readonly related?: DatagramAddress
}

/** One of ours: `base` names the socket or relay that it is reached through. */
export interface LocalCandidate extends Candidate {
  readonly base: number
}

const typePreferences: Readonly<Record<CandidateType, number>> = { host: 126, prflx: 110, srflx: 100, relay: 0 }

/** RFC 8445 §5.1.2.1; `localPreference` 0 to 65535. */
export function candidatePriority(type: CandidateType, localPreference: number, component: Component): number {
  return typePreferences[type] * 2 ** 24 + localPreference * 2 ** 8 + (256 - component)
}

/** What PRIORITY of a check says: that of the peer-reflexive candidate it may bring to light (RFC 8445 §7.1.1). */
export function reflexivePriority({ priority }: Candidate): number {
  return typePreferences.prflx * 2 ** 24 + (priority % 2 ** 24)
}

const types: ReadonlySet<string> = new Set<CandidateType>(['host', 'srflx', 'prflx', 'relay'])
const headPattern =
  /^(?<foundation>[A-Za-z0-9+/]{1,32}) (?<component>[12]) udp (?<priority>\d+) (?<host>\S+) (?<port>\d+) typ (?<type>[a-z]+)$/i
const maxTextChars = 512
const maxPriority = 2 ** 31 - 1

/**
 * Reads the value of `a=candidate` (RFC 8839 §5.1), with or without the attribute's name. Null for what is malformed and for what
 * is not used here: TCP, names (mDNS too), components above 2, ports nobody can have.
 */
export function parseCandidate(text: string): Candidate | null {
  if (text.length > maxTextChars) return null
  const words = text.replace(/^(a=)?candidate:/, '').split(' ')
  const found = headPattern.exec(words.slice(0, 8).join(' '))?.groups ?? {}
  const priority = readNumber(found.priority, maxPriority)
  const address = readAddress(found.host, found.port)
  const { foundation, component, type } = found
  if (foundation === undefined || priority === null || address === null || !isType(type)) return null
  const related = readAddress(valueOf(words, 'raddr'), valueOf(words, 'rport'))
  return {
    ...{ foundation, component: component === '1' ? 1 : 2, priority, address, type },
    ...(related === null ? {} : { related }),
  }
}

function isType(text: string | undefined): text is CandidateType {
  return text !== undefined && types.has(text)
}

function readNumber(text: string | undefined, max: number): number | null {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return null
  const number = Number(text)
  return number >= 1 && number <= max ? number : null
}

function readAddress(hostText: string | undefined, portText: string | undefined): DatagramAddress | null {
  const host = hostText === undefined ? null : canonicalIp(hostText)
  const port = readNumber(portText, 65_535)
  return host === null || port === null ? null : { host, port }
}

function valueOf(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name, 8)
  return at < 0 ? undefined : words[at + 1]
}

/** Writes the value of `a=candidate`. What a relay stands for is our own address, so it is never said (RFC 8839 §5.1). */
export function serializeCandidate(candidate: Candidate): string {
  const { foundation, component, priority, address, type } = candidate
  const hidden = { host: familyOf(address.host) === 'ipv4' ? '0.0.0.0' : '::', port: 9 }
  const related = type === 'relay' ? hidden : (candidate.related ?? hidden)
  const tail = type === 'host' ? '' : ` raddr ${related.host} rport ${related.port}`
  return `${foundation} ${component} UDP ${priority} ${address.host} ${address.port} typ ${type}${tail}`
}

const defaultOrder: readonly CandidateType[] = ['relay', 'srflx', 'host']

/**
 * What goes into the c= and m= lines for peers without ICE (RFC 8445 §5.1.4): most likely to work first, IPv4 first as most such
 * peers know no other.
 */
export function defaultCandidate<C extends Candidate>(candidates: readonly C[], component: Component): C | null {
  const rank = ({ type, address }: Candidate): number =>
    (familyOf(address.host) === 'ipv4' ? 0 : 10) + defaultOrder.indexOf(type)
  const usable = candidates.filter((one) => one.component === component && defaultOrder.includes(one.type))
  const better = (a: C, b: C): C => (rank(a) < rank(b) || (rank(a) === rank(b) && a.priority >= b.priority) ? a : b)
  return usable.length === 0 ? null : usable.reduce(better)
}

/** Hands out foundations: the same text for candidates of one kind, base and server (RFC 8445 §5.1.1.3). */
export class Foundations {
  readonly #texts = new Map<string, string>()

  of(type: CandidateType, baseHost: string, serverHost = ''): string {
    const key = `${type} ${baseHost} ${serverHost}`
    const known = this.#texts.get(key)
    if (known !== undefined) return known
    const text = String(this.#texts.size + 1)
    this.#texts.set(key, text)
    return text
  }
}
