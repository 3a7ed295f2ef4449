/** A history in a fresh directory, and entries to put into it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createHash, randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '#main/platform/system-clock.ts'
import { openHistoryInProcess, openHistoryInWorkers, type OpenHistory } from '#main/history/open-history.ts'
import type { OutboxJob } from '#main/history/port.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { CallRecordView } from '#shared/model/calls.ts'
import { conversationIdOf } from '#shared/model/derive-ids.ts'
import type { Entry, EntryBody, EntryHead } from '#shared/model/entry.ts'
import type { AccountId, Aor, ConversationId, DeviceId, EntryId, JobId, MessageId } from '#shared/model/ids.ts'

export const alice = 'sip:alice@example.org' as Aor
export const bob = 'sip:bob@example.org' as Aor
export const eve = 'sip:eve@example.org' as Aor
export const aliceAccount = 'AAAAAAAAAAAAAAAAAAAAAA' as AccountId

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
export const conversationWith = (peer: Aor): ConversationId => conversationIdOf(sha256, alice, peer)
export const randomId = () => randomBytes(16).toString('base64url')

export class TestHistory {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'sotto-history-'))
  readonly key = new Uint8Array(randomBytes(32))
  /** Of what is opened from here on. */
  clock: ClockPort = systemClock
  readonly #opened: OpenHistory[] = []

  get path(): string {
    return path.join(this.directory, 'history.db')
  }

  get attachments(): string {
    return path.join(this.directory, 'attachments')
  }

  open(): OpenHistory {
    return this.#keep(openHistoryInProcess({ ...this.#options, clock: this.clock }))
  }

  async openWorkers(): Promise<OpenHistory> {
    return this.#keep(await openHistoryInWorkers(this.#options))
  }

  get #options() {
    return { path: this.path, key: this.key, attachments: this.attachments }
  }

  #keep(history: OpenHistory): OpenHistory {
    this.#opened.push(history)
    return history
  }

  async remove(): Promise<void> {
    for (const history of this.#opened) await history.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Makes entries of one device whose clock goes forward by a millisecond each. */
export class EntryMaker {
  #now: number

  constructor(startMs = 1_760_000_000_000) {
    this.#now = startMs
  }

  entry(body: EntryBody, head: Partial<EntryHead> = {}): Entry {
    this.#now += 1
    return {
      head: {
        id: randomId() as EntryId,
        account: alice,
        device: 'BBBBBBBBBBBBBBBBBBBBBA' as DeviceId,
        hlc: { wallMs: this.#now, counter: 0 },
        observedAt: this.#now,
        authenticatedBy: 'server',
        verified: false,
        ...head,
      },
      body,
    }
  }

  #place(peer: Aor, author: Aor) {
    return { conversation: conversationWith(peer), peer, author }
  }

  incoming(text: string, more: { peer?: Aor; id?: string } = {}): Entry {
    const peer = more.peer ?? bob
    const messageId = (more.id ?? randomId()) as MessageId
    const sentAt = this.#now - 5
    return this.entry({
      kind: 'message',
      ...this.#place(peer, peer),
      messageId,
      contentType: 'text/plain',
      text,
      sentAt,
    })
  }

  outgoing(text: string, more: { peer?: Aor; id?: string } = {}): Entry {
    const place = this.#place(more.peer ?? bob, alice)
    const messageId = (more.id ?? randomId()) as MessageId
    const body = { kind: 'message', ...place, messageId, contentType: 'text/plain', text, sentAt: this.#now } as const
    return this.entry(body, { authenticatedBy: 'own-device' })
  }

  edit(target: string, text: string, author: Aor = bob): Entry {
    const place = this.#place(bob, author)
    const messageId = randomId() as MessageId
    const head = author === alice ? ({ authenticatedBy: 'own-device' } as const) : {}
    return this.entry({ kind: 'edit', ...place, messageId, target: target as MessageId, text, sentAt: this.#now }, head)
  }

  delete(target: string, author: Aor = bob): Entry {
    const place = this.#place(bob, author)
    const messageId = randomId() as MessageId
    const head = author === alice ? ({ authenticatedBy: 'own-device' } as const) : {}
    return this.entry({ kind: 'delete', ...place, messageId, target: target as MessageId, sentAt: this.#now }, head)
  }

  delivery(
    target: string,
    state: 'sent' | 'delivered' | 'displayed' | 'failed' | 'queued',
    author: Aor = alice,
  ): Entry {
    const place = this.#place(bob, author)
    const head = author === alice ? ({ authenticatedBy: 'own-device' } as const) : {}
    return this.entry({ kind: 'delivery', ...place, target: target as MessageId, state, at: this.#now }, head)
  }

  read(target: string, targetAuthor: Aor = bob): Entry {
    const { conversation, peer } = this.#place(bob, bob)
    const body = { kind: 'read', conversation, peer, target: target as MessageId, targetAuthor, at: this.#now } as const
    return this.entry(body, { authenticatedBy: 'own-device' })
  }

  /** A call of bob's unless `author` says otherwise. */
  call(more: Partial<CallRecordView> & { peer?: Aor; author?: Aor; id?: string; device?: string } = {}): Entry {
    const { peer = bob, author = peer, id = randomId(), device, ...record } = more
    const facts = { outcome: 'missed', video: false, durationMs: 0, readers: 'securing', ...record } as const
    const head = {
      ...(author === alice ? { authenticatedBy: 'own-device' as const } : {}),
      ...(device === undefined ? {} : { device: device as DeviceId }),
    }
    const place = { ...this.#place(peer, author), messageId: id as MessageId, sentAt: this.#now - 5 }
    return this.entry({ kind: 'call', ...place, ...facts }, head)
  }

  /** The user takes a row of anybody out of the history. */
  remove(target: string, author: Aor = bob): Entry {
    const entry = this.delete(target, author)
    return { ...entry, head: { ...entry.head, authenticatedBy: 'own-device' } }
  }

  contact(
    fields: { name?: string; note?: string; policy?: 'accepted' | 'pending' | 'blocked'; muted?: boolean },
    peer: Aor = bob,
  ): Entry {
    return this.entry({ kind: 'contact', conversation: conversationWith(peer), peer, ...fields })
  }

  job(message: Entry, more: Partial<OutboxJob> = {}): OutboxJob {
    if (message.body.kind !== 'message') throw new Error('not a message')
    return {
      id: randomId() as JobId,
      accountId: aliceAccount,
      kind: 'message',
      conversation: message.body.conversation,
      destination: message.body.peer,
      messageId: message.body.messageId,
      target: message.body.messageId,
      contentType: 'message/cpim',
      payload: new Uint8Array(Buffer.from(`payload of ${message.body.text}`)),
      createdAt: this.#now,
      attempts: 0,
      nextAttemptAt: this.#now,
      expiresAt: this.#now + 86_400_000,
      ...more,
    }
  }
}

/** Message-ID of a message entry. */
export function messageIdOf(entry: Entry): MessageId {
  if (entry.body.kind !== 'message') throw new Error('not a message')
  return entry.body.messageId
}
