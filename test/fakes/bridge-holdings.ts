/** What the fake holds, and erasing it. */
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { BridgeArgs } from '#shared/bridge/table.ts'
import {
  type Amount,
  type ErasedView,
  fileUses,
  type HoldingsView,
  holdingKinds,
  noAmounts,
  type ServerHoldings,
} from '#shared/model/holdings.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { AccountView, ConversationView, MessageView } from '#shared/model/views.ts'

/** What is counted, and what erasing does to it. */
export interface Held {
  accounts(): readonly AccountView[]
  conversations(): readonly ConversationView[]
  messages(conversation: ConversationView): readonly MessageView[]
  removeAccount(id: AccountId): void
  eraseAll(): void
  /** Erasing was not finished, and is tried again. */
  finishErasing(): BridgeReply<never> | null
}

const folder = '/home/alice/.config/sotto/profiles/alice'
const textBytes = (messages: readonly MessageView[]): number =>
  messages.reduce((sum, { text }) => sum + 180 + 2 * text.length, 0)

export class FakeHoldings {
  readonly #held: Held
  #erased: ErasedView | null = null

  constructor(held: Held) {
    this.#held = held
  }

  readonly rows = {
    'holdings.view': () => this.#view(),
    'holdings.server': ({ accountId }: BridgeArgs<'holdings.server'>) => this.#server(accountId as AccountId),
    'holdings.eraseAccount': ({ accountId, onServer }: BridgeArgs<'holdings.eraseAccount'>) => {
      this.#held.removeAccount(accountId as AccountId)
      return { server: onServer ? 0 : null, here: 0 }
    },
    'profile.erase': ({ name }: BridgeArgs<'profile.erase'>): BridgeReply<never> | null => {
      if (name !== 'alice') return { ok: false, code: 'invalid-argument', params: {} }
      const uses = { ...noAmounts(fileUses), lock: { count: 1, bytes: 0 } }
      this.#erased = { resumed: false, disk: { folder, uses, homeServer: null }, left: ['profile.lock'] }
      this.#held.eraseAll()
      return null
    },
    'profile.erased': () => this.#erased,
    'profile.finishErasing': () => this.#held.finishErasing(),
  }

  #view(): HoldingsView {
    const conversations = this.#held.conversations().map((conversation) => {
      const messages = this.#held.messages(conversation)
      const calls = messages.filter(({ call }) => call !== undefined).length
      const files = messages.flatMap(({ file }) => (file === undefined ? [] : [file.size]))
      return {
        id: conversation.id,
        account: this.#held.accounts()[0]?.aor ?? conversation.peer,
        ...{ peer: conversation.peer, name: conversation.name, count: messages.length, bytes: textBytes(messages) },
        ...{ messages: messages.length - calls - files.length, calls, files: files.length },
        fileBytes: files.reduce((sum, size) => sum + size, 0),
      }
    })
    const total = (pick: (of: (typeof conversations)[number]) => number): number =>
      conversations.reduce((sum, of) => sum + pick(of), 0)
    const messages: Amount = { count: total((of) => of.messages), bytes: total((of) => of.bytes) }
    const kinds = { ...noAmounts(holdingKinds), messages, settings: { count: 6, bytes: 3100 } }
    const accounts = this.#held
      .accounts()
      .map(({ aor }) => ({ account: aor, ...messages, conversations: conversations.length }))
    return {
      profile: 'alice',
      history: {
        kinds,
        accounts,
        conversations: conversations.sort((a, b) => b.bytes + b.fileBytes - a.bytes - a.fileBytes),
      },
      disk: {
        folder,
        uses: {
          ...noAmounts(fileUses),
          history: { count: 3, bytes: 9_400_000 },
          keys: { count: 1, bytes: 900 },
          lock: { count: 1, bytes: 0 },
        },
        homeServer: { count: 7, bytes: 210_000 },
      },
    }
  }

  #server(id: AccountId): ServerHoldings {
    const account = this.#held.accounts().find((candidate) => candidate.id === id)
    const server = account?.server ?? ''
    if (!server.includes('127.0.0.1')) return { kind: 'foreign', server }
    return {
      ...{ kind: 'home', server, createdDay: '2026-11-02', devices: 1, bindings: 1, echoDevices: 0 },
      ...{ mailbox: { count: 2, bytes: 1300 }, sentWaiting: { count: 0, bytes: 0 } },
    }
  }
}
