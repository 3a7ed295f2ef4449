import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Chat } from '#main/chat/chat.ts'
import { noCipher } from '#main/chat/message-cipher.ts'
import type { ChatAccount } from '#main/chat/ports.ts'
import { Contacts } from '#main/contacts/contacts.ts'
import { openHistoryInProcess, type OpenHistory } from '#main/history/open-history.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { EntryFactory } from '#shared/model/entry-factory.ts'
import type { AccountId, Aor, ConversationId, DeviceId, MessageId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { SeededRandom } from './seeded-random.ts'
import { silentLog } from './silent-log.ts'
import type { FakeNetwork, FakeSignalling } from './signalling.ts'

const key = new Uint8Array(32).fill(9)
const idFor = (name: string): string => toBase64Url(new SeededRandom(name).bytes(16))

/** One device of one person: the real chat and contacts over a real encrypted history, on a fake network. */
export class ChatDevice {
  readonly aor: Aor
  readonly account: { -readonly [K in keyof ChatAccount]: ChatAccount[K] }
  readonly notifications: { conversationId: ConversationId; title: string; body: string | null }[] = []
  readonly reactions: { conversationId: ConversationId; title: string; emojis: string | null }[] = []
  readonly withdrawn: ConversationId[] = []
  readonly typing: { conversationId: ConversationId; active: boolean }[] = []
  readonly notices: string[] = []
  readonly settings = { enabled: true, preview: true }
  readonly #clock: ClockPort
  readonly #network: FakeNetwork
  readonly #random: SeededRandom
  readonly #directory: string
  signalling: FakeSignalling
  history!: OpenHistory
  chat!: Chat
  contacts!: Contacts

  constructor(world: { clock: ClockPort; network: FakeNetwork; seed: string }, user: string, device = '1') {
    this.#clock = world.clock
    this.#network = world.network
    this.#random = new SeededRandom(`${world.seed} ${user}${device}`)
    this.aor = `sip:${user}@example.org` as Aor
    const id = idFor(`account ${user} ${device}`) as AccountId
    this.account = {
      ...{ id, aor: this.aor, displayName: user, sendReceipts: true, sendTyping: true },
      deviceId: idFor(`device ${user} ${device}`) as DeviceId,
    }
    this.#directory = mkdtempSync(path.join(tmpdir(), 'sotto-chat-'))
    this.signalling = this.#network.device({ id, aor: this.aor, name: user })
  }

  /** Opens the history and starts; goes online unless told otherwise. */
  async start(online = true): Promise<void> {
    this.history = openHistoryInProcess({
      path: path.join(this.#directory, 'history.db'),
      key,
      // Its housekeeping is not what is watched here.
      clock: { now: () => this.#clock.now(), monotonic: () => 0, after: () => ({ cancel: () => undefined }) },
    })
    const { writer, reader } = this.history
    await writer.commit({ accounts: [{ id: this.account.id, aor: this.aor }] })
    const shared = {
      ...{ writer, reader, clock: this.#clock, random: this.#random, log: silentLog, cipher: noCipher },
      accounts: { byId: (id: AccountId) => (id === this.account.id ? this.account : null) },
      entries: new EntryFactory({ clock: this.#clock, random: this.#random }),
      signalling: this.signalling,
      settings: { notifications: () => this.settings },
      screen: {
        typing: (conversationId: ConversationId, active: boolean) => this.typing.push({ conversationId, active }),
        notice: (code: string) => this.notices.push(code),
      },
      notifications: {
        show: (notification: { conversationId: ConversationId; title: string; body: string | null }) =>
          this.notifications.push(notification),
        showReaction: (reaction: { conversationId: ConversationId; title: string; emojis: string | null }) =>
          this.reactions.push(reaction),
        withdraw: (id: ConversationId) => this.withdrawn.push(id),
      },
    }
    this.chat = new Chat(shared)
    this.contacts = new Contacts({ ...shared, commitContact: (id, entry) => this.chat.commitContact(id, entry) })
    this.contacts.onPolicy((id, policy) => this.chat.policyChanged(id, policy))
    if (online) this.signalling.goOnline()
    await this.chat.start()
  }

  /** As `kill -9`: nothing is told, nothing is finished; what was committed is all that is left. */
  async crash(): Promise<void> {
    this.signalling = this.#network.restart(this.signalling)
    const { history } = this
    await history.close()
  }

  /** A crash and a start. */
  async restart(): Promise<void> {
    await this.crash()
    await this.start()
  }

  async close(): Promise<void> {
    await this.chat.stop()
    await this.history.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** The conversation with `peer`, begun as the user does. */
  conversation(peer: ChatDevice): Promise<ConversationId> {
    return this.contacts.start({ accountId: this.account.id, peer: peer.aor })
  }

  async send(peer: ChatDevice, text: string): Promise<MessageId> {
    return this.chat.send({ conversationId: await this.conversation(peer), text })
  }

  /** Messages of the conversation with `peer`, oldest first. */
  async messages(peer: ChatDevice): Promise<readonly MessageView[]> {
    const conversationId = await this.conversation(peer)
    const page = await this.chat.page({ conversationId, anchor: { at: 'newest' }, limit: 200 })
    return page.messages
  }

  async texts(peer: ChatDevice): Promise<readonly string[]> {
    return (await this.messages(peer)).map(({ text }) => text)
  }

  async readAll(peer: ChatDevice): Promise<void> {
    const conversationId = await this.conversation(peer)
    const last = (await this.messages(peer)).at(-1)
    if (last !== undefined) await this.chat.markRead({ conversationId, position: last.position })
  }

  async pendingJobs(): Promise<number> {
    return (await this.history.reader.dueJobs(Number.MAX_SAFE_INTEGER, 1000)).length
  }
}
