/**
 * What the screen shows: immutable values, derived from entries and connection state, sent over the bridge.
 * Times are milliseconds since 1970-01-01 UTC.
 */
import type { ErrorCode } from '../errors.ts'
import type { CallPolicy, CallRecordView } from './calls.ts'
import type { AccountId, Aor, ConversationId, DeviceId, MessageId, SearchId } from './ids.ts'
import type { Reaction } from './reactions.ts'
import type { SearchFilter } from './search.ts'

/** Transport of the account's signalling. */
export type SipTransport = 'wss' | 'ws' | 'tls' | 'tcp' | 'udp'

/** How a message travelled; shown to the user on each message. */
export type MessagePath = 'msrp' | 'sip-message'

/** `queued → sent → delivered → displayed`, or failed with a reason in words. */
export type DeliveryState = 'queued' | 'sent' | 'delivered' | 'displayed' | 'failed'

/** Who vouches for the author of an entry; `server` means only the signalling servers do, `file` nobody but an imported file. */
export type AuthenticatedBy = 'server' | 'own-device' | 'otr' | 'omemo' | 'file'

/** One vocabulary of trust for all ciphers. */
export type Trust = 'unverified' | 'verified' | 'changed'

/** Connection state of an account, shown in words. */
export type ConnectionView =
  | { readonly kind: 'disabled' | 'offline' | 'connecting' | 'registered' }
  | { readonly kind: 'waiting'; readonly retryAt: number; readonly reason: ErrorCode }
  | { readonly kind: 'failed'; readonly reason: ErrorCode }

/** Whose calls do not learn our network address. */
export type HideAddress = 'strangers' | 'everyone' | 'nobody'

export interface AccountView {
  readonly id: AccountId
  readonly aor: Aor
  readonly displayName: string
  readonly enabled: boolean
  readonly transport: SipTransport
  /** `host:port` the account connects to; shown on the privacy page. */
  readonly server: string
  readonly connection: ConnectionView
  /** Hash of link 0 of the device chain: the person's identity (design §5), in groups for reading aloud. */
  readonly identityHash: string
  readonly deviceId: DeviceId
  readonly paperSecret: 'confirmed' | 'shown' | 'not-shown'
  readonly sendReceipts: boolean
  readonly sendTyping: boolean
  readonly callPolicy: CallPolicy
  /** TURN server of the account; null = none configured, and none by default. */
  readonly relay: { readonly server: string; readonly username: string; readonly hasPassword: boolean } | null
  readonly hideAddress: HideAddress
  /** The contact of the account's server that sends back what it hears; null where none is known. */
  readonly echoContact: Aor | null
}

export interface ContactView {
  readonly accountId: AccountId
  readonly aor: Aor
  /** Name the user gave, else the name the peer sends, cleaned of controls; empty if neither. */
  readonly name: string
  readonly nameSource: 'user' | 'peer' | 'none'
  readonly note: string
  readonly trust: Trust
  readonly policy: ContactPolicy
  /** Null = the account's. */
  readonly callPolicy: CallPolicy | null
  readonly addedAt: number
}

/** `pending` = a stranger's first contact waits for an answer; `self` = the own address. */
export type ContactPolicy = 'accepted' | 'pending' | 'blocked' | 'none'

export interface ConversationView {
  readonly id: ConversationId
  readonly accountId: AccountId
  readonly peer: Aor
  readonly name: string
  readonly policy: ContactPolicy
  /** Empty for strangers: no preview before they are accepted. */
  readonly preview: string
  readonly previewDirection: 'incoming' | 'outgoing' | 'none'
  readonly previewState: DeliveryState | 'none'
  /** The newest row is a call: `preview` is empty and `previewState` is `none`. Absent for strangers, as the preview. */
  readonly previewCall?: CallRecordView
  /** The newest row is about disappearing messages: after so many seconds, 0 = no more. Absent for strangers. */
  readonly previewTimer?: number
  readonly lastAt: number
  readonly unread: number
  readonly draft: string
  readonly muted: boolean
  /** At the top of the list. */
  readonly pinned: boolean
  /** Out of the list: nothing new came since the user put it away, or it is muted. */
  readonly archived: boolean
  /** Messages are kept so many days; 0 = for ever, null = whatever the settings say. */
  readonly keepDays: number | null
  /** What either end last said about disappearing messages, seconds; 0 = not. They disappear when both are above 0. */
  readonly timers: { readonly own: number; readonly peer: number }
}

/** A file as the screen shows it; where its bytes are and their key stay in main. */
export interface FileView {
  readonly name: string
  /** What its sender says it is. */
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  /** Whether this device has its bytes. */
  readonly stored: boolean
}

export interface MessageView {
  readonly conversationId: ConversationId
  /** Unique key of the view: author and Message-ID, plus a mark where two contents claim the same id. */
  readonly key: string
  readonly messageId: MessageId
  /** Position in the conversation; pages and jumps use it. Strictly increasing on this device. */
  readonly position: number
  readonly direction: 'incoming' | 'outgoing'
  readonly author: Aor
  readonly text: string
  readonly contentType: 'text/plain'
  readonly sentAt: number
  readonly receivedAt: number
  readonly state: DeliveryState
  readonly failure?: ErrorCode
  readonly path?: MessagePath
  /** Incoming: its author asked to be told when it is displayed. */
  readonly displayReceipt?: true
  readonly edited: boolean
  readonly deleted: boolean
  /** True where the same author used this Message-ID for another content: both are shown, marked. */
  readonly conflicting: boolean
  readonly authenticatedBy: AuthenticatedBy
  readonly bookmarked: boolean
  /** Who answered it with which emoji; absent where nobody did. */
  readonly reactions?: readonly Reaction[]
  /** Seconds after which it disappears, and when: absent until its time has begun. */
  readonly expiresAfter?: number
  readonly expiresAt?: number
  /** This row is a call, not a text: `text` is empty, `direction` says who called. */
  readonly call?: CallRecordView
  /** This row is a file: `text` is empty. */
  readonly file?: FileView
  /** This row says that messages shall disappear after so many seconds; 0 = no more. */
  readonly timer?: number
}

export interface MessagePage {
  readonly conversationId: ConversationId
  /** Oldest first. */
  readonly messages: readonly MessageView[]
  readonly hasOlder: boolean
  readonly hasNewer: boolean
  /** Number of message views in the whole conversation. */
  readonly total: number
  readonly revision: number
}

export interface SearchHit {
  readonly conversationId: ConversationId
  readonly conversationName: string
  readonly messageKey: string
  readonly position: number
  readonly author: Aor
  readonly direction: 'incoming' | 'outgoing'
  readonly sentAt: number
  /** Excerpt around the first match: of the text, or of the file's name. */
  readonly excerpt: string
  /** `[start, end)` pairs into `excerpt`, UTF-16 units. */
  readonly highlights: readonly (readonly [number, number])[]
  readonly bookmarked: boolean
  readonly call?: CallRecordView
  readonly file?: FileView
}

/** One page of hits, newest first. */
export interface SearchPage {
  readonly hits: readonly SearchHit[]
  /** Where the next page begins; null when there are no more. */
  readonly before: number | null
}

export interface SavedSearchView {
  readonly id: SearchId
  readonly name: string
  readonly filter: SearchFilter
}

/** Choices of {@link SettingsView.lockAfterMinutes}. */
export const lockAfterChoices = [0, 5, 15, 30, 60] as const
export type LockAfterMinutes = (typeof lockAfterChoices)[number]

export interface SettingsView {
  readonly theme: 'system' | 'light' | 'dark'
  readonly language: 'system' | 'en' | 'de'
  readonly fontScale: number
  readonly notifications: boolean
  readonly notificationPreview: boolean
  readonly keepRunning: boolean
  /** Minutes nobody touches the computer before Sotto locks; 0 = never. */
  readonly lockAfterMinutes: LockAfterMinutes
  /** Locks when the computer sleeps or its screen is locked. */
  readonly lockWithScreen: boolean
  /** Names of media devices (their ids are new for every profile of the browser); empty = the system's choice. */
  readonly microphone: string
  readonly speaker: string
  readonly camera: string
  readonly echoCancellation: boolean
  readonly noiseSuppression: boolean
  readonly gainControl: boolean
  /** Days that messages are kept where a conversation says nothing else; 0 = for ever. */
  readonly keepDays: number
}

export interface StorageView {
  readonly profilePath: string
  readonly databaseBytes: number
  readonly attachmentBytes: number
  readonly messages: number
  readonly conversations: number
  readonly rungs: RungStates
  /** Accounts whose paper secret unlocks. */
  readonly paperUnlocks: readonly AccountId[]
}

/** A way to unlock: not there, there, or there but unreadable, so that it must be set again. */
export type RungState = 'none' | 'set' | 'damaged'

export interface RungStates {
  readonly keychain: RungState
  readonly passphrase: RungState
  readonly paperSecret: RungState
}

/** A row of the privacy table in `docs/privacy.md`, generated from one source so that page and document agree. */
export interface PrivacyRow {
  readonly datum: string
  readonly where: string
  readonly why: string
  readonly howLong: string
  readonly whoReads: string
  readonly howToErase: string
}

/** What phase the program is in; the renderer shows exactly one screen per phase. `erasing`: not everything that has to go is gone. */
export type AppPhase = 'starting' | 'erasing' | 'onboarding' | 'locked' | 'ready'

/** Why Sotto is locked: not opened yet, by the user, after a pause, with the computer or its screen, or its history was lost. */
export type LockReason = 'start' | 'user' | 'idle' | 'suspend' | 'screen' | 'lost'

export interface AppView {
  readonly phase: AppPhase
  readonly version: string
  readonly profile: string
  readonly host: 'electron' | 'chromium'
  /** False as root on Chromium: the window says so. */
  readonly sandboxed: boolean
  readonly keychain: 'available' | 'unavailable'
  /** Ways to unlock that are set up. */
  readonly rungs: RungStates
  /** What the last lock came from. */
  readonly lockedBy: LockReason
  /** Why the keychain did not open by itself; null where it was not asked, or did. */
  readonly keychainFailure: ErrorCode | null
  /** Locks when the call that runs is over. */
  readonly lockPending: boolean
  /** Why erasing everything could not be finished; null outside phase `erasing`. */
  readonly eraseFailure: ErrorCode | null
  /** Percent of an older history that is brought up to date while it is opened; null when nothing is. */
  readonly upgrade: number | null
  readonly hasAccounts: boolean
}
