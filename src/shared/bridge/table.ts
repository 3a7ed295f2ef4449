/**
 * The one table of everything the renderer may ask of main. Preload, main's dispatcher and the renderer's client are
 * generated from it by type; arguments are parsed by `args` in main before a handler sees them.
 */
import { z } from 'zod'
import { spkiPin } from '../bytes/schemas.ts'
import {
  lockAfterChoices,
  type AccountView,
  type AppView,
  type ContactView,
  type ConversationView,
  type MessagePage,
  type PrivacyRow,
  type SavedSearchView,
  type SearchPage,
  type SettingsView,
  type StorageView,
} from '../model/views.ts'
import type { AccountLeft, ErasedView, HoldingsView, ServerHoldings } from '../model/holdings.ts'
import type { AccountId, ConversationId, MessageId } from '../model/ids.ts'
import { maxExpirySeconds } from '../model/limits.ts'
import { archiveRows } from './archive-rows.ts'
import { fileRows } from './file-rows.ts'
import { replicationRows } from './replication-rows.ts'
import { callPolicy, callRows } from './call-rows.ts'
import { linkingRows } from './linking-rows.ts'
import { restoreRows } from './restore-rows.ts'
import { method, type BridgeMethod } from './method.ts'
import { searchFilter } from './search-filter.ts'
import { accountId, aor, conversationId, httpsUrl, messageId, messageText, searchId, secretBytes } from './schema.ts'

const none = z.object({})

export const bridgeTable = {
  // --- program
  'app.view': method<AppView>()(none),
  'app.quit': method<void>()(none),
  'app.activity': method<void>()(z.object({ conversationId: conversationId.nullable(), focused: z.boolean() })),

  /** Opens a link of a message in the system's browser; `https` only, as the user saw it in full. */
  'app.openLink': method<void>()(z.object({ url: httpsUrl })),

  /** Locks. While people talk: `calls: end` hangs up, `keep` locks once they are done; the answer says whether it is locked. */
  'app.lock': method<{ locked: boolean }>()(z.object({ calls: z.enum(['keep', 'end']) })),
  /** Takes back a lock that waits for a call to end. */
  'app.stayOpen': method<void>()(none),

  // --- keys and profile
  'keys.createProfile': method<void>()(z.object({ keychain: z.boolean(), passphrase: secretBytes.nullable() }), true),
  'keys.unlock': method<void>()(
    z.object({ rung: z.enum(['keychain', 'passphrase', 'paper-secret']), secret: secretBytes.nullable() }),
    true,
  ),
  'keys.setPassphrase': method<void>()(
    z.object({ current: secretBytes.nullable(), next: secretBytes.nullable() }),
    true,
  ),
  'keys.setKeychain': method<void>()(z.object({ enabled: z.boolean() })),
  /** Lets the confirmed paper secret of an account, typed in full, unlock again. */
  'keys.addPaperSecret': method<void>()(z.object({ accountId, words: secretBytes }), true),
  /** The paper secrets of this account no longer unlock. */
  'keys.removePaperSecret': method<void>()(z.object({ accountId })),
  /** The words of an account's paper secret, UTF-8 separated by spaces; allowed until it is confirmed. */
  'identity.showPaperSecret': method<Uint8Array>()(z.object({ accountId }), true),
  /** Checks the words at the 0-based `positions`, typed back by the user. */
  'identity.confirmPaperSecret': method<{ confirmed: boolean }>()(
    z.object({ accountId, positions: z.array(z.number().int().min(0).max(23)).min(1).max(24), words: secretBytes }),
    true,
  ),

  // --- accounts
  'accounts.list': method<readonly AccountView[]>()(none),
  'accounts.add': method<AccountId>()(
    z.object({
      aor,
      displayName: z.string().max(80),
      password: secretBytes,
      transport: z.enum(['wss', 'ws', 'tls', 'tcp', 'udp']).nullable(),
      /** `host:port` or a WebSocket URL; null = found by DNS from the address (RFC 3263). */
      server: z.string().max(400).nullable(),
    }),
    true,
  ),
  /** Creates an account on the home server of this computer, or of the LAN with an invitation. */
  'accounts.createLocal': method<AccountId>()(
    z.object({
      user: z.string().min(1).max(64),
      displayName: z.string().max(80),
      invitation: z.string().max(600).nullable(),
    }),
    true,
  ),
  'accounts.update': method<void>()(
    z.object({
      accountId,
      displayName: z.string().max(80).optional(),
      enabled: z.boolean().optional(),
      sendReceipts: z.boolean().optional(),
      sendTyping: z.boolean().optional(),
      callPolicy: callPolicy.optional(),
      /** TURN server `host:port` with its user name, or null for none; its password comes by `accounts.setRelayPassword`. */
      relay: z
        .object({ server: z.string().max(300), username: z.string().max(200) })
        .nullable()
        .optional(),
      /** The whole of every call through the relay: `strangers` (the default), everyone, nobody. */
      hideAddress: z.enum(['strangers', 'everyone', 'nobody']).optional(),
    }),
  ),
  'accounts.setRelayPassword': method<void>()(z.object({ accountId, password: secretBytes }), true),
  'accounts.changePassword': method<void>()(z.object({ accountId, password: secretBytes }), true),
  'accounts.remove': method<void>()(z.object({ accountId })),
  'accounts.reconnect': method<void>()(z.object({ accountId })),
  /** The user's answer to a certificate problem: trust exactly this key for this account, or not. */
  'accounts.trustCertificate': method<void>()(z.object({ accountId, spkiSha256: spkiPin, trust: z.boolean() })),

  // --- contacts
  'contacts.list': method<readonly ContactView[]>()(none),
  'contacts.get': method<ContactView>()(z.object({ conversationId })),
  'contacts.update': method<void>()(
    z.object({
      conversationId,
      name: z.string().max(80).optional(),
      note: z.string().max(2000).optional(),
      /** Null = the account's. */
      callPolicy: callPolicy.nullable().optional(),
    }),
  ),
  'contacts.setPolicy': method<void>()(z.object({ conversationId, policy: z.enum(['accepted', 'blocked']) })),

  // --- chat
  'conversations.list': method<{ conversations: readonly ConversationView[]; revision: number }>()(none),
  'conversations.start': method<ConversationId>()(z.object({ accountId, peer: aor })),
  'conversations.setDraft': method<void>()(z.object({ conversationId, draft: z.string().max(1_000_000) })),
  'conversations.markRead': method<void>()(z.object({ conversationId, position: z.number().int().nonnegative() })),
  'conversations.setMuted': method<void>()(z.object({ conversationId, muted: z.boolean() })),
  'conversations.setPinned': method<void>()(z.object({ conversationId, pinned: z.boolean() })),
  'conversations.setArchived': method<void>()(z.object({ conversationId, archived: z.boolean() })),
  /** Days that messages are kept; 0 = for ever. What is older goes at once. */
  'conversations.setKeepDays': method<void>()(
    z.object({ conversationId, keepDays: z.number().int().min(0).max(36_500) }),
  ),
  /** Says to the other side after how many seconds messages shall disappear; 0 = no more. */
  'conversations.setTimer': method<void>()(
    z.object({ conversationId, seconds: z.number().int().min(0).max(maxExpirySeconds) }),
  ),
  /** Erases a conversation on this device, for good. */
  'conversations.erase': method<void>()(z.object({ conversationId })),
  'messages.page': method<MessagePage>()(
    z.object({
      conversationId,
      /** `newest`, or messages before/after/around a position. */
      anchor: z.union([
        z.object({ at: z.literal('newest') }),
        z.object({ at: z.enum(['before', 'after', 'around']), position: z.number().int().nonnegative() }),
      ]),
      limit: z.number().int().min(1).max(200),
    }),
  ),
  'messages.send': method<MessageId>()(z.object({ conversationId, text: messageText })),
  'messages.edit': method<void>()(z.object({ conversationId, messageId, text: messageText })),
  'messages.delete': method<void>()(z.object({ conversationId, messageId })),
  /** Removes a row of anybody from this and all other own devices; nobody else is told. */
  'messages.remove': method<void>()(z.object({ conversationId, author: aor, messageId })),
  'messages.setBookmarked': method<void>()(
    z.object({ conversationId, author: aor, messageId, bookmarked: z.boolean() }),
  ),
  'messages.react': method<void>()(
    z.object({ conversationId, author: aor, messageId, emoji: z.string().min(1).max(64), chosen: z.boolean() }),
  ),
  'messages.retry': method<void>()(z.object({ conversationId, messageId })),
  'messages.typing': method<void>()(z.object({ conversationId, active: z.boolean() })),

  // --- search
  'search.query': method<SearchPage>()(
    z.object({
      filter: searchFilter,
      /** Where the page begins, as the page before said; null = at the newest. */
      before: z.number().int().nonnegative().nullable(),
      limit: z.number().int().min(1).max(200),
    }),
  ),
  'search.saved': method<readonly SavedSearchView[]>()(none),
  /** Keeps a search under a name, or under another name and filter if `id` is given. */
  'search.save': method<void>()(
    z.object({ id: searchId.nullable(), name: z.string().min(1).max(80), filter: searchFilter }),
  ),
  'search.forget': method<void>()(z.object({ id: searchId })),

  // --- settings
  'settings.get': method<SettingsView>()(none),
  'settings.set': method<SettingsView>()(
    z.object({
      theme: z.enum(['system', 'light', 'dark']).optional(),
      language: z.enum(['system', 'en', 'de']).optional(),
      fontScale: z.number().min(0.8).max(1.6).optional(),
      notifications: z.boolean().optional(),
      notificationPreview: z.boolean().optional(),
      keepRunning: z.boolean().optional(),
      lockAfterMinutes: z.literal(lockAfterChoices).optional(),
      lockWithScreen: z.boolean().optional(),
      /** Names of media devices of this computer; empty = the system's choice. */
      microphone: z.string().max(200).optional(),
      speaker: z.string().max(200).optional(),
      camera: z.string().max(200).optional(),
      echoCancellation: z.boolean().optional(),
      noiseSuppression: z.boolean().optional(),
      gainControl: z.boolean().optional(),
      /** Days that messages are kept where a conversation says nothing else; 0 = for ever. */
      keepDays: z.number().int().min(0).max(36_500).optional(),
    }),
  ),
  'settings.storage': method<StorageView>()(none),
  'settings.privacyTable': method<readonly PrivacyRow[]>()(none),

  // --- everything that is held
  /** What there is on this computer, counted anew. */
  'holdings.view': method<HoldingsView>()(none),
  /** What the account's server says it holds. */
  'holdings.server': method<ServerHoldings>()(z.object({ accountId })),
  /** Erases an account here, and its account on a home server before if `onServer`. */
  'holdings.eraseAccount': method<AccountLeft>()(z.object({ accountId, onServer: z.boolean() })),
  /** Erases the whole profile; `name` is the profile's, typed by the user. */
  'profile.erase': method<void>()(z.object({ name: z.string().max(100), onServers: z.boolean() })),
  /** A new look at the disk after everything was erased; null when nothing was. Works in every phase. */
  'profile.erased': method<ErasedView | null>()(none),
  /** Tries again to finish an erase that the disk refused; nothing outside phase `erasing`. */
  'profile.finishErasing': method<void>()(none),
  ...callRows,
  ...archiveRows,
  ...fileRows,
  ...linkingRows,
  ...restoreRows,
  ...replicationRows,
  'home.invite': method<{ invitation: string; expiresAt: number }>()(z.object({ accountId })),
} as const satisfies Record<string, BridgeMethod>

export type BridgeTable = typeof bridgeTable
export type BridgeName = keyof BridgeTable
/** Arguments as the renderer writes them. */
export type BridgeArgs<N extends BridgeName> = z.input<BridgeTable[N]['args']>
/** Arguments as a handler in main gets them, after parsing. */
export type BridgeParsedArgs<N extends BridgeName> = z.output<BridgeTable[N]['args']>
/** What a method resolves to. */
export type BridgeResult<N extends BridgeName> = Exclude<BridgeTable[N]['result'], undefined>
