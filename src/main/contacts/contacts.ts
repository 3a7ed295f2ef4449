import { createHash } from 'node:crypto'
import { SottoError } from '#shared/errors.ts'
import { conversationIdOf } from '#shared/model/derive-ids.ts'
import type { CallPolicy } from '#shared/model/calls.ts'
import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { ContactBody, Entry } from '#shared/model/entry.ts'
import type { EntryFactory } from '#shared/model/entry-factory.ts'
import type { AccountId, Aor, ConversationId, DeviceId } from '#shared/model/ids.ts'
import type { ContactView } from '#shared/model/views.ts'
import type { HistoryReaderPort } from '#main/history/port.ts'

/** What contacts need to know of an account. */
export interface ContactsAccount {
  readonly id: AccountId
  readonly aor: Aor
  readonly deviceId: DeviceId
}

export interface ContactsPorts {
  /** Writes an entry about a contact and passes it on to the own other devices. */
  readonly commitContact: (account: AccountId, entry: ContactEntry) => Promise<void>
  readonly reader: HistoryReaderPort
  readonly accounts: { byId(id: AccountId): ContactsAccount | null }
  readonly entries: EntryFactory
}

type ContactEntry = Entry & { readonly body: ContactBody }

interface Found {
  readonly conversation: ConversationId
  readonly account: ContactsAccount
  readonly peer: Aor
}

/** The user's own data about the people of the conversations; serves the bridge's rows of contacts and of starting one. */
export class Contacts {
  readonly #ports: ContactsPorts
  readonly #listeners = new Set<(conversation: ConversationId, policy: 'accepted' | 'blocked') => void>()

  constructor(ports: ContactsPorts) {
    this.#ports = ports
  }

  /** Says when the user accepted or blocked someone; returns the disposer. */
  onPolicy(handler: (conversation: ConversationId, policy: 'accepted' | 'blocked') => void): () => void {
    this.#listeners.add(handler)
    return () => this.#listeners.delete(handler)
  }

  list(): Promise<readonly ContactView[]> {
    return this.#ports.reader.contacts()
  }

  /** @throws SottoError `not-found` */
  async get(request: { readonly conversationId: ConversationId }): Promise<ContactView> {
    const { account, peer } = await this.#find(request.conversationId)
    const contacts = await this.#ports.reader.contacts()
    const contact = contacts.find(({ accountId, aor }) => accountId === account.id && aor === peer)
    // Someone only written about in messages so far: everything is still to be said.
    return (
      contact ?? {
        ...{ accountId: account.id, aor: peer, name: '', nameSource: 'none', note: '' },
        ...{ trust: 'unverified', policy: 'none', callPolicy: null, addedAt: 0 },
      }
    )
  }

  async update(request: {
    readonly conversationId: ConversationId
    readonly name?: string | undefined
    readonly note?: string | undefined
    /** Null = the account's. */
    readonly callPolicy?: CallPolicy | null | undefined
  }): Promise<void> {
    const { name, note, callPolicy } = request
    await this.#say(await this.#find(request.conversationId), {
      ...(name === undefined ? {} : { name: cleanDisplayName(name) }),
      ...(note === undefined ? {} : { note: note.toWellFormed().trimEnd() }),
      ...(callPolicy === undefined ? {} : { callPolicy: callPolicy ?? 'account' }),
    })
  }

  /** Accepts a stranger or takes a block back; or blocks: what comes from there is refused from now on. */
  async setPolicy(request: {
    readonly conversationId: ConversationId
    readonly policy: 'accepted' | 'blocked'
  }): Promise<void> {
    const { conversationId, policy } = request
    await this.#say(await this.#find(conversationId), { policy })
    for (const listener of this.#listeners) listener(conversationId, policy)
  }

  /** @throws SottoError `not-found` for an unknown account. */
  async start(request: { readonly accountId: AccountId; readonly peer: Aor }): Promise<ConversationId> {
    const account = this.#ports.accounts.byId(request.accountId)
    if (account === null) throw new SottoError('not-found')
    const { peer } = request
    const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
    const conversation = conversationIdOf(sha256, account.aor, peer)
    const known = await this.#ports.reader.conversation(conversation)
    // A stranger's request stays one until the user accepts it or answers.
    if (known === null || known.policy === 'none')
      await this.#say({ conversation, account, peer }, { policy: 'accepted' })
    return conversation
  }

  async #say({ conversation, account, peer }: Found, change: Partial<ContactBody>): Promise<void> {
    const origin = { account: account.aor, device: account.deviceId, authenticatedBy: 'own-device' as const }
    const body: ContactBody = { kind: 'contact', conversation, peer, ...change }
    const { head } = this.#ports.entries.make({ ...origin, verified: true }, body)
    await this.#ports.commitContact(account.id, { head, body })
  }

  async #find(conversation: ConversationId): Promise<Found> {
    const view = await this.#ports.reader.conversation(conversation)
    const account = view === null ? null : this.#ports.accounts.byId(view.accountId)
    if (view === null || account === null) throw new SottoError('not-found')
    return { conversation, account, peer: view.peer }
  }
}
