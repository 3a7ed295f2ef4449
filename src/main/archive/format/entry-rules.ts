/** What an entry of a file must be before anything looks at it: its addresses and its conversation belong together. */
import { createHash } from 'node:crypto'
import { parseAor } from '#shared/model/aor.ts'
import { conversationIdOf } from '#shared/model/derive-ids.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import { exportError } from './manifest.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
/** Pairs of addresses that were checked; the map is emptied when it is full. */
const maxKnown = 10_000

export class EntryRules {
  readonly #conversations = new Map<string, ConversationId>()

  /** @throws ProtocolError `export-malformed`. */
  check({ head, body }: Entry): void {
    if (!('peer' in body)) return
    if (this.#conversationOf(head.account, body.peer) !== body.conversation)
      throw exportError('export-malformed', 'conversation')
    for (const field of ['author', 'targetAuthor'] as const) {
      const author = (body as { readonly author?: unknown; readonly targetAuthor?: unknown })[field]
      if (author !== undefined && author !== head.account && author !== body.peer)
        throw exportError('export-malformed', field)
    }
  }

  #conversationOf(account: Aor, peer: Aor): ConversationId {
    const key = `${account}\0${peer}`
    const known = this.#conversations.get(key)
    if (known !== undefined) return known
    for (const address of [account, peer]) {
      const parsed = parseAor(address)
      if (!parsed.ok || parsed.value !== address) throw exportError('export-malformed', 'address')
    }
    if (this.#conversations.size >= maxKnown) this.#conversations.clear()
    const id = conversationIdOf(sha256, account, peer)
    this.#conversations.set(key, id)
    return id
  }
}
