/** Rows of Blink's tables as entries that only a file vouches for; ids come from the content, so that a second import adds nothing. */
import { createHash } from 'node:crypto'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { CallRecordView } from '#shared/model/calls.ts'
import { callMessageIdOf, conversationIdOf } from '#shared/model/derive-ids.ts'
import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { Entry, EntryBody } from '#shared/model/entry.ts'
import { maxHlcCounter } from '#shared/model/hlc.ts'
import type { Aor, DeviceId, EntryId, MessageId } from '#shared/model/ids.ts'
import { maxTextLength } from '#shared/model/limits.ts'
import type { BlinkRow } from './blink-database.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const idOf = (...parts: readonly string[]): string =>
  toBase64Url(sha256(utf8(`sotto blink\0${parts.join('\0')}`)).subarray(0, 16))

/** Stands for Blink as the device that saw it all. */
const device = idOf('device') as DeviceId

export interface BlinkPorts {
  readonly textOfHtml: (html: string) => string
  /** Nothing of a file is later, ms. */
  readonly nowMs: number
}

/** Who wrote with whom, and when. */
interface Facts {
  readonly account: Aor
  readonly peer: Aor
  readonly author: Aor
  readonly atMs: number
}

/** Turns rows into entries, one table after the other. */
export class BlinkEntries {
  readonly #ports: BlinkPorts
  readonly #names = new Set<string>()
  #lastMs = -1
  #counter = 0

  constructor(ports: BlinkPorts) {
    this.#ports = ports
  }

  /** Blink for macOS: `chat_messages`. Null for what is no message between two people. */
  chatMessage(row: BlinkRow): readonly Entry[] | null {
    const facts =
      this.#factsOf(row, {
        account: row.local_uri,
        peer: row.remote_uri,
        time: row.cpim_timestamp ?? row.time,
      }) ?? this.#factsOf(row, { account: row.local_uri, peer: row.remote_uri, time: row.time })
    const media = textOf(row.media_type)
    if (facts === null || !['', 'chat', 'sms', 'messages'].includes(media)) return null
    return this.#message(facts, {
      id: textOf(row.msgid),
      body: textOf(row.body),
      type: textOf(row.content_type),
      status: textOf(row.status),
    })
  }

  /** Blink for Linux and Windows: `messages`. */
  message(row: BlinkRow): readonly Entry[] | null {
    const facts = this.#factsOf(row, { account: row.account_id, peer: row.remote_uri, time: row.timestamp })
    const unread =
      textOf(row.decrypted) === '2' ||
      (textOf(row.encryption_type) !== '' && textOf(row.content).startsWith('-----BEGIN PGP'))
    if (facts === null || unread || Number(row.deleted ?? 0) === 1) return null
    const entries = this.#message(facts, {
      ...{ id: textOf(row.message_id), body: textOf(row.content) },
      ...{ type: textOf(row.content_type), status: textOf(row.state) },
    })
    return entries === null ? null : [...entries, ...this.#name(facts, row.display_name)]
  }

  /** Blink for macOS: `sessions` with sound. */
  session(row: BlinkRow): readonly Entry[] | null {
    const media = textOf(row.media_types)
    const facts = this.#factsOf(row, { account: row.local_uri, peer: row.remote_uri, time: row.start_time })
    const outcome = outcomeOf(textOf(row.status), textOf(row.direction))
    if (facts === null || outcome === null || !/audio|video/.test(media)) return null
    const callId = textOf(row.sip_callid) || textOf(row.session_id)
    const seconds = Number(row.duration ?? 0)
    const call: EntryBody = {
      kind: 'call',
      ...placeOf(facts),
      author: facts.author,
      messageId: callMessageIdOf(sha256, callId),
      sentAt: facts.atMs,
      outcome,
      video: media.includes('video'),
      durationMs: Number.isSafeInteger(seconds) && seconds > 0 && seconds < 1e9 ? seconds * 1000 : 0,
      // Blink says only for some calls how they were secured, and never proves it.
      readers: 'anyone',
    }
    return [this.#entry(facts, call, 'call', callId), ...this.#name(facts, row.display_name)]
  }

  #message(
    facts: Facts,
    {
      id,
      body,
      type,
      status,
    }: { readonly id: string; readonly body: string; readonly type: string; readonly status: string },
  ): readonly Entry[] | null {
    const text = this.#plainText(body, type)
    if (text === null) return null
    // Without an id of its own a message is what it says, to whom and when.
    const messageId = (
      /^[\x21-\x7e]{1,256}$/.test(id) ? id : idOf('message', facts.author, facts.peer, String(facts.atMs), text)
    ) as MessageId
    const message: EntryBody = {
      ...{ kind: 'message', ...placeOf(facts), author: facts.author, messageId },
      ...{ contentType: 'text/plain', text, sentAt: facts.atMs },
    }
    const entries = [this.#entry(facts, message, 'message', messageId)]
    const state = stateOf(status)
    if (facts.author !== facts.account || state === null) return entries
    const delivery: EntryBody = {
      kind: 'delivery',
      ...placeOf(facts),
      author: facts.account,
      target: messageId,
      state,
      at: facts.atMs,
    }
    return [...entries, this.#entry(facts, delivery, 'delivery', `${messageId} ${state}`)]
  }

  #plainText(body: string, type: string): string | null {
    const isHtml = type === 'html' || type === 'text/html'
    if (!isHtml && !['', 'text', 'text/plain'].includes(type)) return null
    if (body === '' || body.length > maxTextLength) return null
    const text = isHtml ? this.#ports.textOfHtml(body) : body.toWellFormed()
    return text === '' ? null : text
  }

  #name(facts: Facts, given: unknown): readonly Entry[] {
    const name = cleanDisplayName(textOf(given))
    const key = `${facts.account} ${facts.peer} ${name}`
    if (name === '' || facts.author === facts.account || this.#names.has(key) || this.#names.size > 100_000) return []
    this.#names.add(key)
    return [this.#entry(facts, { kind: 'peer-name', ...placeOf(facts), name }, 'name', name)]
  }

  #entry(facts: Facts, body: EntryBody, kind: string, key: string): Entry {
    this.#counter = facts.atMs === this.#lastMs ? Math.min(this.#counter + 1, maxHlcCounter) : 0
    this.#lastMs = facts.atMs
    return {
      head: {
        id: idOf(kind, facts.account, facts.peer, facts.author, key) as EntryId,
        ...{ account: facts.account, device, authenticatedBy: 'file', verified: false },
        ...{ hlc: { wallMs: facts.atMs, counter: this.#counter }, observedAt: facts.atMs },
      },
      body,
    }
  }

  #factsOf(
    row: BlinkRow,
    given: { readonly account: unknown; readonly peer: unknown; readonly time: unknown },
  ): Facts | null {
    const [account, peer] = [aorOf(given.account), aorOf(given.peer)]
    const atMs = timeOf(given.time)
    const direction = textOf(row.direction)
    if (account === null || peer === null || account === peer || atMs === null) return null
    if (direction !== 'incoming' && direction !== 'outgoing') return null
    return { account, peer, author: direction === 'incoming' ? peer : account, atMs: Math.min(atMs, this.#ports.nowMs) }
  }
}

function placeOf({ account, peer }: Facts) {
  return { conversation: conversationIdOf(sha256, account, peer), peer }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''
}

/** An address, also in the form `Name <sip:user@domain>`. */
function aorOf(value: unknown): Aor | null {
  const text = textOf(value)
  const inside = /<([^<>]+)>\s*$/.exec(text.slice(0, 1000))?.[1] ?? text
  const parsed = parseAor(inside.replace(/;.*$/, ''))
  return parsed.ok ? parsed.value : null
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, or RFC 3339; null for anything else. */
function timeOf(value: unknown): number | null {
  const text = textOf(value)
  const plain = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$/.exec(text)
  if (plain === null) return null
  const [, day = '', time = '', fraction = '', zone = 'Z'] = plain
  const at = Date.parse(`${day}T${time}${fraction.slice(0, 4)}${zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`)
  return Number.isNaN(at) || at < 0 ? null : at
}

function stateOf(status: string): 'delivered' | 'displayed' | 'failed' | null {
  if (status === 'delivered' || status === 'displayed') return status
  return status.startsWith('failed') ? 'failed' : null
}

function outcomeOf(status: string, direction: string): CallRecordView['outcome'] | null {
  if (status === 'completed') return 'answered'
  if (status === 'missed') return direction === 'incoming' ? 'missed' : 'cancelled'
  if (status === 'cancelled') return direction === 'incoming' ? 'missed' : 'cancelled'
  if (status === 'rejected') return 'declined'
  return status === 'failed' ? 'failed' : null
}
