/** An in-memory bridge, so that the interface runs in a plain browser: for tests of the screens and for looking at them. */
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { BridgeEventName, BridgeEvents } from '#shared/bridge/events.ts'
import type { BridgeArgs, BridgeName, BridgeResult } from '#shared/bridge/table.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { AccountId, Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { HistoryTransferView } from '#shared/model/linking-views.ts'
import { withReaction } from '#shared/model/reactions.ts'
import { FakeArchive } from './bridge-archive.ts'
import { FakeFiles } from './bridge-files.ts'
import type { AppView, ConversationView, MessageView, PrivacyRow, SettingsView } from '#shared/model/views.ts'
import { FakeCalls, type ScriptedCall } from './bridge-calls.ts'
import { FakeHoldings } from './bridge-holdings.ts'
import { FakeLinking } from './bridge-linking.ts'
import { FakeRestore } from './bridge-restore.ts'
import { FakeReplication, type ReplicationScript } from './bridge-replication.ts'
import { FakeSearches } from './bridge-search.ts'
import { account, accountId, emptyFixture, type Fixture, fullFixture, message, preview } from './bridge-fixtures.ts'

/** How the fake starts. */
export interface Scenario {
  readonly phase?: AppView['phase']
  readonly fixture?: 'full' | 'empty' | 'none'
  /** The history is of an account that is not signed in here, and came from a file. */
  readonly signedOut?: boolean
  readonly longCount?: number
  readonly keychain?: AppView['keychain']
  readonly sandboxed?: boolean
  readonly rungs?: Partial<AppView['rungs']>
  readonly lockedBy?: AppView['lockedBy']
  readonly keychainFailure?: ErrorCode
  readonly lockPending?: boolean
  /** With phase `erasing`: why. */
  readonly eraseFailure?: ErrorCode
  readonly upgrade?: number
  readonly settings?: Partial<SettingsView>
  readonly paperSecret?: 'confirmed' | 'shown' | 'not-shown'
  readonly connection?: (typeof account)['connection']
  /** Calls that fail with a code. */
  readonly failing?: Partial<Record<BridgeName, ErrorCode>>
  /** Delay of every answer, ms. */
  readonly delayMs?: number
  /** Calls that run or ring at the start. */
  readonly calls?: readonly ScriptedCall[]
  /** Calls have real sound and pictures, from a peer in the page. */
  readonly media?: boolean
  /** Erasing a conversation leaves it where it is. */
  readonly stubborn?: boolean
  /** The account's own fields. */
  readonly account?: Partial<typeof account>
  /** How the account's replication stands. */
  readonly replication?: ReplicationScript
  /** A history on its way. */
  readonly transfers?: readonly HistoryTransferView[]
}

type Handler = (payload: never) => void
type Reply<N extends BridgeName> = BridgeResult<N> | BridgeReply<BridgeResult<N>>
type Handlers = { readonly [N in BridgeName]: (args: BridgeArgs<N>) => Reply<N> | Promise<Reply<N>> }

/** The words of every fake paper secret. */
export const paperWords =
  'amber basket candle donkey ember falcon garlic hammer island jacket kettle lemon mirror needle orange pillow quartz rocket saddle timber umbrella velvet walnut yellow'.split(
    ' ',
  )
/** The passphrase every fake profile opens with. */
export const passphrase = 'river lantern copper violin mango'

const failed = (code: ErrorCode): { ok: false; code: ErrorCode; params: Record<string, string> } => ({
  ok: false,
  code,
  params: {},
})
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function appOf(scenario: Scenario, hasAccounts: boolean): AppView {
  return {
    phase: scenario.phase ?? 'ready',
    version: '0.1.0',
    profile: 'alice',
    host: 'chromium',
    sandboxed: scenario.sandboxed ?? true,
    keychain: scenario.keychain ?? 'unavailable',
    rungs: {
      keychain: scenario.keychain === 'available' ? 'set' : 'none',
      passphrase: 'set',
      paperSecret: 'set',
      ...scenario.rungs,
    },
    hasAccounts,
    ...lockOf(scenario),
  }
}

function lockOf(
  scenario: Scenario,
): Pick<AppView, 'lockedBy' | 'keychainFailure' | 'lockPending' | 'eraseFailure' | 'upgrade'> {
  return {
    lockedBy: scenario.lockedBy ?? 'start',
    keychainFailure: scenario.keychainFailure ?? null,
    lockPending: scenario.lockPending ?? false,
    eraseFailure: scenario.eraseFailure ?? null,
    upgrade: scenario.upgrade ?? null,
  }
}

/** The fake and what a test may do with it. */
export class FakeBridge {
  readonly calls: { readonly name: BridgeName; readonly args: unknown }[] = []
  readonly #handlers = new Map<BridgeEventName, Set<Handler>>()
  readonly #scenario: Scenario
  #fixture: Fixture
  #app: AppView
  #settings: SettingsView
  readonly phone: FakeCalls
  readonly replication: FakeReplication
  readonly linking: FakeLinking
  readonly restore: FakeRestore
  readonly #archive = new FakeArchive((activity) => this.emit('archive.changed', activity))
  readonly #files = new FakeFiles((saving) => this.emit('files.saving', saving))
  #revision = 1

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#fixture =
      scenario.fixture === 'none'
        ? { ...emptyFixture(), accounts: [] }
        : scenario.fixture === 'empty'
          ? emptyFixture()
          : fullFixture(Date.now(), scenario.longCount ?? 400)
    if (scenario.signedOut === true) this.#signOut()
    this.#fixture.accounts = this.#fixture.accounts.map((entry) => ({
      ...entry,
      ...scenario.account,
      paperSecret: scenario.paperSecret ?? entry.paperSecret,
      connection: scenario.connection ?? entry.connection,
    }))
    this.#app = appOf(scenario, this.#fixture.accounts.length > 0)
    this.#settings = {
      theme: 'system',
      language: 'en',
      fontScale: 1,
      notifications: true,
      notificationPreview: false,
      keepRunning: true,
      ...{ lockAfterMinutes: 15, lockWithScreen: true },
      ...{ microphone: '', speaker: '', camera: '', keepDays: 0 },
      ...{ echoCancellation: true, noiseSuppression: true, gainControl: true },
      ...scenario.settings,
    }
    this.phone = new FakeCalls(
      {
        emit: (event, payload) => this.emit(event, payload),
        conversation: (id) => this.#conversation(id),
      },
      scenario.calls ?? [],
    )
    this.phone.media = scenario.media ?? false
    this.replication = new FakeReplication(
      this.#fixture.accounts,
      (views) => this.emit('replication.changed', views),
      scenario.replication,
    )
    this.linking = new FakeLinking({
      emit: (event) => this.emit('linking.changed', event),
      link: (aor) => this.#addAccount(aor, 'Alice'),
      transfers: scenario.transfers ?? [],
    })
    this.restore = new FakeRestore({
      words: paperWords.join(' '),
      restore: (aor, displayName) => {
        const id = this.#addAccount(aor, displayName)
        this.replication.restored(id)
        return id
      },
    })
  }

  #signOut(): void {
    this.#fixture.accounts = []
    for (const [id, messages] of this.#fixture.messages) {
      this.#fixture.messages.set(
        id,
        messages.map((entry) => ({ ...entry, authenticatedBy: 'file' })),
      )
    }
  }

  call = async <N extends BridgeName>(name: N, args: BridgeArgs<N>): Promise<BridgeReply<BridgeResult<N>>> => {
    this.calls.push({ name, args: structuredClone(args) })
    if (this.#scenario.delayMs !== undefined) await new Promise((done) => setTimeout(done, this.#scenario.delayMs))
    const failure = this.#scenario.failing?.[name]
    if (failure !== undefined) return failed(failure)
    const rows: Handlers = {
      ...{ ...this.#rows, ...this.phone.rows, ...this.replication.rows, ...this.linking.rows, ...this.restore.rows },
    }
    const answer: unknown = await rows[name](args)
    const isReply = typeof answer === 'object' && answer !== null && 'ok' in answer
    return structuredClone(isReply ? answer : { ok: true, value: answer }) as BridgeReply<BridgeResult<N>>
  }

  on = <E extends BridgeEventName>(event: E, handler: (payload: BridgeEvents[E]) => void): (() => void) => {
    const set = this.#handlers.get(event) ?? new Set()
    this.#handlers.set(event, set)
    set.add(handler)
    return () => set.delete(handler)
  }

  emit<E extends BridgeEventName>(event: E, payload: BridgeEvents[E]): void {
    for (const handler of this.#handlers.get(event) ?? []) {
      ;(handler as (payload: BridgeEvents[E]) => void)(structuredClone(payload))
    }
  }

  /** Files that are being saved are there. */
  finishSaving(): void {
    this.#files.finish()
  }

  /** A message arrives. */
  receive(id: ConversationId, received: string): void {
    const conversation = this.#conversation(id)
    const position = (this.#messages(id).at(-1)?.position ?? 0) + 1
    const arrived = message(conversation, position, 'them', { text: received, sentAt: Date.now() })
    this.#messages(id).push(arrived)
    this.#change([{ ...preview(conversation, arrived), unread: conversation.unread + 1 }], [arrived])
  }

  /** Revisions pass that the page never hears of. */
  loseEvent(id: ConversationId, received: string): void {
    const conversation = this.#conversation(id)
    const position = (this.#messages(id).at(-1)?.position ?? 0) + 1
    this.#messages(id).push(message(conversation, position, 'them', { text: received, sentAt: Date.now() }))
    this.#revision += 1
  }

  #conversation(id: ConversationId): ConversationView {
    const found = this.#fixture.conversations.find((conversation) => conversation.id === id)
    if (found === undefined) throw new Error(`no conversation ${id}`)
    return found
  }

  #messages(id: ConversationId): MessageView[] {
    const list = this.#fixture.messages.get(id) ?? []
    this.#fixture.messages.set(id, list)
    return list
  }

  #change(conversations: readonly ConversationView[], messages: readonly MessageView[]): void {
    this.#revision += 1
    for (const changed of conversations) {
      const others = this.#fixture.conversations.filter((conversation) => conversation.id !== changed.id)
      this.#fixture.conversations = [...others, changed]
    }
    for (const changed of messages) {
      const list = this.#messages(changed.conversationId)
      const at = list.findIndex((other) => other.key === changed.key)
      if (at >= 0) list[at] = changed
    }
    this.emit('history.appended', {
      revision: this.#revision,
      conversations,
      removedConversations: [],
      messages,
      bulk: false,
    })
  }

  #react(id: ConversationId, messageId: MessageId, { emoji, chosen }: { emoji: string; chosen: boolean }): unknown {
    const message = this.#fixture.messages.get(id)?.find((candidate) => candidate.messageId === messageId)
    const author = this.#fixture.accounts[0]?.aor
    if (message === undefined || author === undefined) return undefined
    const others = (message.reactions ?? []).filter((reaction) => reaction.author !== author)
    const held = message.reactions?.find((reaction) => reaction.author === author)?.emojis ?? []
    const emojis = withReaction(held, emoji, chosen)
    return this.#update(id, messageId, { reactions: [...others, ...(emojis.length === 0 ? [] : [{ author, emojis }])] })
  }

  #update(
    id: ConversationId,
    messageId: MessageId,
    over: Partial<MessageView>,
  ): null | { ok: false; code: ErrorCode; params: Record<string, string> } {
    const found = this.#messages(id).find((candidate) => candidate.messageId === messageId)
    if (found === undefined) return failed('not-found')
    const changed = { ...found, ...over }
    const conversation = this.#conversation(id)
    const isLast = this.#messages(id).at(-1)?.key === found.key
    this.#change(isLast ? [preview(conversation, changed)] : [], [changed])
    return null
  }

  #patchConversation(id: ConversationId, over: Partial<ConversationView>): null {
    this.#change([{ ...this.#conversation(id), ...over }], [])
    return null
  }

  #setApp(over: Partial<AppView>): null {
    this.#app = { ...this.#app, ...over }
    this.emit('app.changed', this.#app)
    return null
  }

  #addAccount(aor: string, displayName: string): AccountId {
    const added = { ...account, aor: aor as Aor, displayName, paperSecret: 'not-shown' as const }
    this.#fixture.accounts = [added]
    this.emit('accounts.changed', this.#fixture.accounts)
    this.#setApp({ hasAccounts: true, phase: 'ready' })
    return accountId
  }

  #removeAccount(): null {
    this.#fixture.accounts = []
    this.emit('accounts.changed', [])
    return this.#setApp({ hasAccounts: false })
  }

  #patchAccount(over: Partial<typeof account>): null {
    this.#fixture.accounts = this.#fixture.accounts.map((entry) => ({ ...entry, ...over }))
    this.emit('accounts.changed', this.#fixture.accounts)
    return null
  }

  #patchRelay(): null {
    const relay = this.#fixture.accounts[0]?.relay ?? null
    return this.#patchAccount({ relay: relay === null ? null : { ...relay, hasPassword: true } })
  }

  #page({ conversationId: id, anchor, limit }: BridgeArgs<'messages.page'>): BridgeResult<'messages.page'> {
    const all = this.#messages(id as ConversationId)
    let start = Math.max(0, all.length - limit)
    let end = all.length
    if (anchor.at !== 'newest') {
      const at = all.findIndex((entry) => entry.position >= anchor.position)
      const index = at < 0 ? all.length : at
      if (anchor.at === 'before') [start, end] = [Math.max(0, index - limit), index]
      else if (anchor.at === 'after') [start, end] = [index + 1, Math.min(all.length, index + 1 + limit)]
      else
        [start, end] = [Math.max(0, index - Math.floor(limit / 2)), Math.min(all.length, index + Math.ceil(limit / 2))]
    }
    return {
      conversationId: id as ConversationId,
      messages: all.slice(start, end),
      hasOlder: start > 0,
      hasNewer: end < all.length,
      total: all.length,
      revision: this.#revision,
    }
  }

  #send({ conversationId: id, text: sent }: BridgeArgs<'messages.send'>): MessageId {
    const conversation = this.#conversation(id as ConversationId)
    const position = (this.#messages(conversation.id).at(-1)?.position ?? 0) + 1
    const queued = message(conversation, position, 'me', { text: sent, sentAt: Date.now(), state: 'queued' })
    this.#messages(conversation.id).push(queued)
    this.#change([{ ...preview(conversation, queued), draft: '' }], [queued])
    setTimeout(() => this.#update(conversation.id, queued.messageId, { state: 'delivered' }), 60)
    return queued.messageId
  }

  /** Rows go, or a whole conversation: the screen reads again. */
  #removed(removedConversations: readonly ConversationId[]): null {
    this.#revision += 1
    this.emit('history.appended', {
      ...{ revision: this.#revision, conversations: [], removedConversations, messages: [], bulk: true },
    })
    return null
  }

  #removeMessage(id: ConversationId, messageId: MessageId): null {
    const left = this.#messages(id).filter((message) => message.messageId !== messageId)
    this.#fixture.messages.set(id, left)
    return this.#removed([])
  }

  #eraseConversation(id: ConversationId): null {
    if (this.#scenario.stubborn === true) return null
    this.#fixture.conversations = this.#fixture.conversations.filter((conversation) => conversation.id !== id)
    return this.#removed([id])
  }

  readonly #searches = new FakeSearches({
    conversations: () => this.#fixture.conversations,
    messages: ({ id }) => this.#messages(id),
  })

  readonly #holdings = new FakeHoldings({
    accounts: () => this.#fixture.accounts,
    conversations: () => this.#fixture.conversations,
    messages: ({ id }) => this.#messages(id),
    removeAccount: () => this.#removeAccount(),
    eraseAll: () => {
      this.#fixture = { ...emptyFixture(), accounts: [] }
      this.#setApp({ phase: 'onboarding', hasAccounts: false })
    },
    finishErasing: () => {
      this.#setApp({ phase: 'onboarding', hasAccounts: false, eraseFailure: null })
      return null
    },
  })

  readonly #rows: Omit<
    Handlers,
    keyof (FakeCalls['rows'] & FakeReplication['rows'] & FakeLinking['rows'] & FakeRestore['rows'])
  > = {
    'app.view': () => this.#app,
    'app.quit': () => null as never,
    'app.activity': () => null as never,
    'app.openLink': () => null as never,
    'app.lock': ({ calls }) => {
      const busy = this.phone.isBusy && calls === 'keep'
      this.#setApp(busy ? { lockPending: true } : { phase: 'locked', lockedBy: 'user' })
      return { locked: !busy }
    },
    'app.stayOpen': () => this.#setApp({ lockPending: false }) as never,
    'keys.createProfile': () => this.#setApp({ phase: 'ready' }) as never,
    'keys.unlock': ({ rung, secret }) => {
      if (rung === 'keychain') return failed('keychain-failed')
      const right = rung === 'passphrase' ? passphrase : paperWords.join(' ')
      if (secret === null || text(secret) !== right) {
        return failed(rung === 'passphrase' ? 'wrong-passphrase' : 'wrong-paper-secret')
      }
      return this.#setApp({ phase: 'ready' }) as never
    },
    'keys.setPassphrase': ({ current, next }) => {
      if (current !== null && text(current) !== passphrase) return failed('wrong-passphrase')
      return next === null ? failed('last-rung') : (null as never)
    },
    'keys.setKeychain': () => failed('keychain-unavailable'),
    'keys.addPaperSecret': ({ words }) =>
      text(words) === paperWords.join(' ') ? (null as never) : failed('wrong-paper-secret'),
    'keys.removePaperSecret': () => null as never,
    'identity.showPaperSecret': () => {
      this.#patchAccount({ paperSecret: 'shown' })
      return new TextEncoder().encode(paperWords.join(' '))
    },
    'identity.confirmPaperSecret': ({ positions, words }) => {
      const confirmed = text(words) === positions.map((position) => paperWords[position]).join(' ')
      if (confirmed) this.#patchAccount({ paperSecret: 'confirmed' })
      return { confirmed }
    },
    'accounts.list': () => this.#fixture.accounts,
    'accounts.add': ({ aor, displayName, password }) =>
      text(password) === 'wrong' ? failed('wrong-password') : this.#addAccount(`sip:${aor}`, displayName),
    'accounts.createLocal': ({ user, displayName }) =>
      user === 'taken' ? failed('address-taken') : this.#addAccount(`sip:${user}@home.example`, displayName),
    'accounts.update': ({ accountId: _id, relay, ...change }) =>
      this.#patchAccount({
        ...(change as Partial<typeof account>),
        ...(relay === undefined ? {} : { relay: relay === null ? null : { ...relay, hasPassword: false } }),
      }) as never,
    'accounts.changePassword': () => null as never,
    'accounts.setRelayPassword': () => this.#patchRelay() as never,
    'accounts.remove': () => this.#removeAccount() as never,
    'accounts.reconnect': () => this.#patchAccount({ connection: { kind: 'registered' } }) as never,
    'accounts.trustCertificate': () => null as never,
    'contacts.list': () => this.#fixture.contacts,
    'contacts.get': () => failed('not-found'),
    'contacts.update': ({ conversationId: id, name, note, callPolicy }) => {
      const { peer } = this.#conversation(id as ConversationId)
      this.#fixture.contacts = this.#fixture.contacts.map((contact) =>
        contact.aor === peer
          ? {
              ...{ ...contact, name: name ?? contact.name, note: note ?? contact.note, nameSource: 'user' },
              callPolicy: callPolicy === undefined ? contact.callPolicy : callPolicy,
            }
          : contact,
      )
      this.emit('contacts.changed', this.#fixture.contacts)
      return this.#patchConversation(id as ConversationId, name === undefined ? {} : { name }) as never
    },
    'contacts.setPolicy': ({ conversationId: id, policy }) =>
      this.#patchConversation(id as ConversationId, { policy }) as never,
    ...this.#archive.rows,
    ...this.#files.rows,
    'conversations.list': () => ({ conversations: this.#fixture.conversations, revision: this.#revision }),
    'conversations.start': ({ peer }) => {
      const aor = `sip:${peer}` as Aor
      const known = this.#fixture.conversations.find((conversation) => conversation.peer === aor)
      if (known !== undefined) return known.id
      const id = `n${peer.replace(/[^a-z]/g, '')}`.padEnd(22, '_').slice(0, 22) as ConversationId
      const started: ConversationView = {
        ...(this.#fixture.conversations[0] ?? ({ accountId } as ConversationView)),
        ...{ id, peer: aor, name: '', policy: 'accepted', preview: '', previewDirection: 'none', previewState: 'none' },
        ...{ lastAt: Date.now(), unread: 0, draft: '', muted: false, pinned: false, archived: false, keepDays: null },
        timers: { own: 0, peer: 0 },
      }
      this.#change([started], [])
      return id
    },
    'conversations.setDraft': ({ conversationId: id, draft }) =>
      this.#patchConversation(id as ConversationId, { draft }) as never,
    'conversations.markRead': ({ conversationId: id }) =>
      this.#patchConversation(id as ConversationId, { unread: 0 }) as never,
    'conversations.setMuted': ({ conversationId: id, muted }) =>
      this.#patchConversation(id as ConversationId, { muted }) as never,
    'conversations.setPinned': ({ conversationId: id, pinned }) =>
      this.#patchConversation(id as ConversationId, { pinned }) as never,
    'conversations.setArchived': ({ conversationId: id, archived }) =>
      this.#patchConversation(id as ConversationId, { archived }) as never,
    'conversations.setKeepDays': ({ conversationId: id, keepDays }) =>
      this.#patchConversation(id as ConversationId, { keepDays }) as never,
    'conversations.setTimer': ({ conversationId: id, seconds }) =>
      this.#patchConversation(id as ConversationId, { timers: { own: seconds, peer: seconds } }) as never,
    'conversations.erase': ({ conversationId: id }) => this.#eraseConversation(id as ConversationId) as never,
    'messages.page': (args) => this.#page(args),
    'messages.send': (args) => this.#send(args),
    'messages.edit': ({ conversationId: id, messageId, text: edited }) =>
      this.#update(id as ConversationId, messageId as MessageId, { text: edited, edited: true }) as never,
    'messages.delete': ({ conversationId: id, messageId }) =>
      this.#update(id as ConversationId, messageId as MessageId, { text: '', deleted: true }) as never,
    'messages.remove': ({ conversationId: id, messageId }) =>
      this.#removeMessage(id as ConversationId, messageId as MessageId) as never,
    'messages.setBookmarked': ({ conversationId: id, messageId, bookmarked }) =>
      this.#update(id as ConversationId, messageId as MessageId, { bookmarked }) as never,
    'messages.react': ({ conversationId: id, messageId, emoji, chosen }) =>
      this.#react(id as ConversationId, messageId as MessageId, { emoji, chosen }) as never,
    'messages.retry': ({ conversationId: id, messageId }) =>
      this.#update(id as ConversationId, messageId as MessageId, { state: 'sent' }) as never,
    'messages.typing': () => null as never,
    ...this.#searches.rows,
    ...(this.#holdings.rows as never as Pick<Handlers, keyof FakeHoldings['rows']>),
    'settings.get': () => this.#settings,
    'settings.set': (change) => {
      this.#settings = { ...this.#settings, ...(change as Partial<SettingsView>) }
      this.emit('settings.changed', this.#settings)
      return this.#settings
    },
    'settings.storage': () => ({
      profilePath: '/home/alice/.local/share/sotto/alice',
      databaseBytes: 48_300_000,
      attachmentBytes: 0,
      messages: 100_412,
      conversations: this.#fixture.conversations.length,
      rungs: { keychain: 'none', passphrase: 'set', paperSecret: 'set' },
      paperUnlocks: this.#fixture.accounts.map(({ id }) => id),
    }),
    'settings.privacyTable': () => privacyRows,
    'home.invite': () => ({
      invitation: 'sotto-invite:192.168.1.20:5443:k7Qm-2pXa-99Lz:pin',
      expiresAt: Date.now() + 86_400_000,
    }),
  }
}

const privacyRows: readonly PrivacyRow[] = [
  {
    datum: 'Messages you send and receive',
    where: 'The history of this profile, encrypted',
    why: 'So that you can read them again',
    howLong: 'Until you delete them',
    whoReads: 'You',
    howToErase: 'Delete the message, or remove the profile folder',
  },
  {
    datum: 'Messages for a device that is offline',
    where: 'The mailbox of the home server',
    why: 'So that they arrive later',
    howLong: 'Until delivered, at most 60 days',
    whoReads: 'The server and its administrator',
    howToErase: 'Close the account under /me',
  },
]
