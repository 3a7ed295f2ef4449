/** Searching over the fake's conversations, by plain comparison. */
import type { BridgeArgs } from '#shared/bridge/table.ts'
import type { SearchId } from '#shared/model/ids.ts'
import type { SearchFilter } from '#shared/model/search.ts'
import type { ConversationView, MessageView, SavedSearchView, SearchHit, SearchPage } from '#shared/model/views.ts'

/** What is searched: the conversations and their messages as they are now. */
export interface Searched {
  conversations(): readonly ConversationView[]
  messages(conversation: ConversationView): readonly MessageView[]
}

export class FakeSearches {
  readonly #searched: Searched
  #saved: readonly SavedSearchView[] = []

  constructor(searched: Searched) {
    this.#searched = searched
  }

  readonly rows = {
    'search.query': (args: BridgeArgs<'search.query'>) => this.#search(args),
    'search.saved': () => this.#saved,
    'search.save': ({ id, name, filter }: BridgeArgs<'search.save'>) => {
      const saved = {
        id: (id ?? `s${this.#saved.length}`.padEnd(22, '_')) as SearchId,
        name,
        filter: filter as SearchFilter,
      }
      this.#saved = [...this.#saved.filter((search) => search.id !== saved.id), saved]
      return null as never
    },
    'search.forget': ({ id }: BridgeArgs<'search.forget'>) => {
      this.#saved = this.#saved.filter((search) => search.id !== id)
      return null as never
    },
  }

  #search({ filter, before, limit }: BridgeArgs<'search.query'>): SearchPage {
    const hits: SearchHit[] = []
    for (const conversation of this.#searched.conversations()) {
      if (conversation.policy === 'pending') continue
      for (const message of this.#searched.messages(conversation)) {
        if (fits(message, filter as SearchFilter)) hits.push(hitOf(conversation, message, filter.text))
      }
    }
    const all = hits.sort((a, b) => b.sentAt - a.sentAt)
    const from = before === null ? 0 : all.findIndex(({ position }) => position === before) + 1
    const page = all.slice(from, from + limit)
    return { hits: page, before: from + limit < all.length ? (page.at(-1)?.position ?? null) : null }
  }
}

function fits(message: MessageView, filter: SearchFilter): boolean {
  const { conversationIds, direction, from, to, text } = filter
  if (message.deleted || !textOf(message).toLowerCase().includes(text.toLowerCase())) return false
  if (conversationIds !== null && !conversationIds.includes(message.conversationId)) return false
  if (direction !== 'any' && message.direction !== direction) return false
  return message.sentAt >= (from ?? 0) && message.sentAt < (to ?? Infinity) && isOfKind(message, filter.kind)
}

function isOfKind({ call, file, text, bookmarked }: MessageView, kind: SearchFilter['kind']): boolean {
  const is = {
    any: true,
    call: call !== undefined,
    file: file !== undefined,
    text: text !== '',
    link: /https?:\/\//.test(text),
    bookmark: bookmarked,
  }
  return is[kind]
}

const textOf = ({ text, file }: MessageView): string => file?.name ?? text

function hitOf(conversation: ConversationView, message: MessageView, wanted: string): SearchHit {
  const at = Math.max(0, textOf(message).toLowerCase().indexOf(wanted.toLowerCase()))
  return {
    conversationId: conversation.id,
    conversationName: conversation.name,
    messageKey: message.key,
    ...{ position: message.position, author: message.author, direction: message.direction, sentAt: message.sentAt },
    bookmarked: message.bookmarked,
    excerpt: textOf(message).slice(Math.max(0, at - 40), at + 120),
    highlights: wanted === '' ? [] : [[Math.min(at, 40), Math.min(at, 40) + wanted.length]],
    ...(message.call === undefined ? {} : { call: message.call }),
    ...(message.file === undefined ? {} : { file: message.file }),
  }
}
