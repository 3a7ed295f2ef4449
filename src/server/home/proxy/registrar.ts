/** REGISTER for users of the domain (RFC 3261 §10.3, Path RFC 3327, outbound RFC 5626 §6, public GRUU RFC 5627). */
import { createHmac } from 'node:crypto'
import { SipParseError } from '#protocol/sip/errors.ts'
import {
  cseqOf,
  expiresOf,
  headerItems,
  headerValue,
  optionTags,
  parseContacts,
  serializeDate,
  type NameAddress,
} from '#protocol/sip/headers.ts'
import { quote, serializeParameters } from '#protocol/sip/scan.ts'
import { parseUri } from '#protocol/sip/uri.ts'
import type { SipHeader, SipRequest } from '#protocol/sip/message.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { sameSlot, type Binding, type Location } from './location.ts'
import type { Connection } from './connection.ts'
import type { ProxyLimits } from './limits.ts'
import type { Answer } from './respond.ts'

/** Extensions a REGISTER may require. */
export const registrarExtensions: ReadonlySet<string> = new Set(['path', 'outbound', 'gruu'])

/** Seconds after which a silent flow may be taken for dead (RFC 5626 §4.4.1). */
const flowTimerSeconds = 120

export interface RegisterOutcome {
  readonly answer: Answer
  /** Added or refreshed by this request. */
  readonly registered: readonly Binding[]
}

interface ContactChange {
  readonly contact: NameAddress
  readonly expires: number
  readonly instance: string
  readonly regId: number | null
}

export class Registrar {
  readonly #location: Location
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #idKey: Uint8Array
  readonly #domain: string
  readonly #limits: ProxyLimits

  constructor(
    location: Location,
    ports: { clock: ClockPort; random: RandomPort; domain: string },
    limits: ProxyLimits,
  ) {
    this.#location = location
    this.#clock = ports.clock
    this.#random = ports.random
    this.#idKey = ports.random.bytes(32)
    this.#domain = ports.domain
    this.#limits = limits
  }

  /** Applies an authenticated REGISTER of `user`; all of it or nothing (RFC 3261 §10.3 step 7). */
  register(request: SipRequest, connection: Connection, user: string): RegisterOutcome {
    const contacts = parseContacts(request)
    const expires = expiresOf(request)
    const sequence = { callId: headerValue(request, 'call-id') ?? '', sequence: cseqOf(request).sequence }
    if (contacts === '*') return this.#unregisterAll(user, expires, sequence)
    const changes = contacts.map((contact) => this.#readChange(contact, expires))
    const brief = changes.some((change) => change.expires > 0 && change.expires < this.#limits.minExpiresSeconds)
    if (brief) {
      const minimum = { name: 'min-expires', value: String(this.#limits.minExpiresSeconds) }
      return { answer: { status: 423, headers: [minimum] }, registered: [] }
    }
    if (changes.some((change) => this.#isOutOfOrder(user, change, sequence))) return refuse(500)
    if (changes.some((change) => change.expires > 0) && !this.#location.hasRoom) return refuse(503)
    const registered = this.#apply(changes, { request, connection, user, ...sequence })
    return { answer: { status: 200, headers: this.#answerHeaders(request, user) }, registered }
  }

  #unregisterAll(user: string, expires: number | null, sequence: CallSequence): RegisterOutcome {
    if (expires !== 0) return refuse(400)
    const blocked = this.#location.bindings(user).some((binding) => isOlder(sequence, binding))
    if (blocked) return refuse(500)
    this.#location.remove(user, (binding) => binding.expiresAt !== Infinity)
    return {
      answer: { status: 200, headers: [{ name: 'date', value: serializeDate(this.#clock.now()) }] },
      registered: [],
    }
  }

  #readChange(contact: NameAddress, headerExpires: number | null): ContactChange {
    const uri = parseUri(contact.uri)
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips') throw new SipParseError('sip-header', 'contact scheme')
    const given = contact.parameters.get('expires')
    // RFC 3261 §10.2.1.1: a malformed value counts as 3600.
    const own = given === undefined ? null : /^\d{1,10}$/.test(given ?? '') ? Number(given) : 3600
    const asked = own ?? headerExpires ?? this.#limits.defaultExpiresSeconds
    const regId = contact.parameters.get('reg-id') ?? null
    return {
      contact,
      expires: Math.min(asked, this.#limits.maxExpiresSeconds),
      instance: readInstance(contact.parameters.get('+sip.instance') ?? ''),
      regId: regId !== null && /^\d{1,9}$/.test(regId) ? Number(regId) : null,
    }
  }

  #isOutOfOrder(user: string, change: ContactChange, sequence: CallSequence): boolean {
    const old = this.#location.bindings(user).find((binding) => sameSlot(binding, slotOf(change)))
    return old !== undefined && isOlder(sequence, old)
  }

  #apply(changes: readonly ContactChange[], from: RegisterContext): Binding[] {
    const registered: Binding[] = []
    for (const change of changes) {
      if (change.expires === 0) {
        this.#location.remove(from.user, (binding) => sameSlot(binding, slotOf(change)))
        continue
      }
      const binding = this.#bindingOf(change, from, this.#idOf(change, from.user))
      this.#location.put(binding)
      registered.push(binding)
    }
    return registered
  }

  /** The same for a device that comes back, so that its dialogs find it; a name without an instance is new each time. */
  #idOf(change: ContactChange, user: string): string {
    if (change.instance === '') return Buffer.from(this.#random.bytes(12)).toString('base64url')
    const slot = JSON.stringify([user, change.instance, change.regId])
    return createHmac('sha256', this.#idKey).update(slot).digest('base64url').slice(0, 16)
  }

  #bindingOf(change: ContactChange, from: RegisterContext, id: string): Binding {
    const { request, connection, user, callId, sequence } = from
    const now = this.#clock.monotonic()
    const kept = new Map(
      [...change.contact.parameters].filter(([name]) => name === '+sip.instance' || name === 'reg-id'),
    )
    return {
      ...{ id, user, connection, callId, sequence },
      instance: change.instance,
      regId: change.regId,
      contact: change.contact.uri,
      parameters: serializeParameters(kept),
      path: headerItems(request, 'path'),
      expiresAt: now + change.expires * 1000,
      registeredAt: now,
    }
  }

  #answerHeaders(request: SipRequest, user: string): SipHeader[] {
    const supported = optionTags(request, 'supported')
    const headers: SipHeader[] = this.#location
      .bindings(user)
      .filter((binding) => binding.expiresAt !== Infinity)
      .map((binding) => ({ name: 'contact', value: this.#contactValue(binding, supported.includes('gruu')) }))
    for (const value of headerItems(request, 'path')) headers.push({ name: 'path', value })
    headers.push({ name: 'supported', value: 'path, outbound, gruu' })
    if (supported.includes('outbound') && headers.some(({ value }) => value.includes('reg-id='))) {
      headers.push({ name: 'require', value: 'outbound' }, { name: 'flow-timer', value: String(flowTimerSeconds) })
    }
    headers.push({ name: 'date', value: serializeDate(this.#clock.now()) })
    return headers
  }

  #contactValue(binding: Binding, withGruu: boolean): string {
    const seconds = Math.max(1, Math.ceil((binding.expiresAt - this.#clock.monotonic()) / 1000))
    const hasGruu = withGruu && binding.instance !== ''
    const gruu = hasGruu ? `;pub-gruu=${quote(`sip:${binding.user}@${this.#domain};gr=${binding.instance}`)}` : ''
    return `<${binding.contact}>${binding.parameters};expires=${seconds}${gruu}`
  }
}

interface CallSequence {
  readonly callId: string
  readonly sequence: number
}

interface RegisterContext extends CallSequence {
  readonly request: SipRequest
  readonly connection: Connection
  readonly user: string
}

function refuse(status: number): RegisterOutcome {
  return { answer: { status }, registered: [] }
}

/** RFC 3261 §10.3 step 7: same Call-ID and no higher CSeq means a request overtaken by a later one. */
function isOlder(sequence: CallSequence, binding: Binding): boolean {
  return binding.callId === sequence.callId && sequence.sequence <= binding.sequence
}

function slotOf(change: ContactChange): Pick<Binding, 'instance' | 'regId' | 'contact'> {
  return { instance: change.instance, regId: change.regId, contact: change.contact.uri }
}

/** `"<urn:uuid:…>"` without its brackets, lower case; '' when there is none or it is absurd. */
function readInstance(value: string): string {
  const match = /^<([\x21-\x3b\x3d\x3f-\x7e]{1,120})>$/.exec(value)
  return match?.[1]?.toLowerCase() ?? ''
}
