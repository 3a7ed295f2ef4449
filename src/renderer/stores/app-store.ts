/** The program's phase, accounts, contacts and settings, as main announces them. */
import { create } from 'zustand'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { AccountView, AppView, ContactView, SettingsView } from '#shared/model/views.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { BridgeArgs } from '#shared/bridge/table.ts'
import { call, on } from '../bridge/client.ts'
import { handleArchive } from './archive-store.ts'
import { forgetLinking, handleLinking, loadLinking } from './linking-store.ts'
import { handleSaving } from './saving-store.ts'
import { perFrame } from './per-frame.ts'
import { handleCalls, loadCalls } from './call-store.ts'
import { handleHistory, handleTyping, loadConversations, marksOnly } from './conversation-store.ts'
import { forgetReplication, handleReplication, loadReplication } from './replication-store.ts'
import { openConversation, pushCertificateProblem, pushNotice } from './screen-store.ts'
import { applyToHits, forgetSearches } from './search-store.ts'

interface AppState {
  readonly app: AppView | null
  readonly failure: ErrorCode | null
  readonly accounts: readonly AccountView[]
  readonly contacts: readonly ContactView[]
  readonly settings: SettingsView | null
}

const useStore = create<AppState>(() => ({ app: null, failure: null, accounts: [], contacts: [], settings: null }))

/** The program's state, null until main answered once. */
export function useApp(): AppView | null {
  return useStore((state) => state.app)
}

/** Why the first question to main failed. */
export function useStartFailure(): ErrorCode | null {
  return useStore((state) => state.failure)
}

/** All accounts. */
export function useAccounts(): readonly AccountView[] {
  return useStore((state) => state.accounts)
}

/** One account. */
export function useAccount(id: AccountId): AccountView | undefined {
  return useStore((state) => state.accounts.find((account) => account.id === id))
}

/** The contact behind a conversation. */
export function useContact(accountId: AccountId, aor: Aor): ContactView | undefined {
  return useStore((state) => state.contacts.find((contact) => contact.accountId === accountId && contact.aor === aor))
}

/** The settings, null until they are read. */
export function useSettings(): SettingsView | null {
  return useStore((state) => state.settings)
}

/** The settings, now. */
export function settingsNow(): SettingsView | null {
  return useStore.getState().settings
}

/** Tells of changed settings outside the screen; returns the disposer. */
export function onSettings(changed: () => void): () => void {
  return useStore.subscribe((state, before) => {
    if (state.settings !== before.settings) changed()
  })
}

/** One account, now. */
export function accountNow(id: AccountId): AccountView | undefined {
  return useStore.getState().accounts.find((account) => account.id === id)
}

/** Every contact of every account. */
export function useContacts(): readonly ContactView[] {
  return useStore((state) => state.contacts)
}

/** Changes settings; the screen follows what main kept. */
export async function changeSettings(change: BridgeArgs<'settings.set'>): Promise<void> {
  const reply = await call('settings.set', change)
  if (reply.ok) useStore.setState({ settings: reply.value })
  else pushNotice(reply.code, reply.params)
}

async function loadSettings(): Promise<void> {
  const reply = await call('settings.get', {})
  if (reply.ok) useStore.setState({ settings: reply.value })
}

async function loadReady(): Promise<void> {
  const [accounts, contacts] = await Promise.all([
    call('accounts.list', {}),
    call('contacts.list', {}),
    loadConversations(),
    loadReplication(),
    loadLinking(),
  ])
  if (accounts.ok) useStore.setState({ accounts: accounts.value })
  if (contacts.ok) useStore.setState({ contacts: contacts.value })
}

function showApp(app: AppView): void {
  const before = useStore.getState().app?.phase
  useStore.setState({ app, failure: null })
  // A call may ring before the history is unlocked.
  if (before !== app.phase) void loadCalls()
  if (app.phase === 'ready' && before !== 'ready') void loadReady()
  if (app.phase === 'ready') return
  forgetSearches()
  forgetReplication()
  forgetLinking()
}

/** Subscribes to main and reads everything once; returns the disposer. */
export function startStores(): () => void {
  const disposers = [
    on('app.changed', showApp),
    on('accounts.changed', (accounts) => useStore.setState({ accounts })),
    on('contacts.changed', (contacts) => useStore.setState({ contacts })),
    on('settings.changed', (settings) => useStore.setState({ settings })),
    on(
      'history.appended',
      perFrame((events) => {
        for (const event of events) {
          void handleHistory(event)
          applyToHits(event)
        }
      }, marksOnly),
    ),
    on('chat.typing', handleTyping),
    on('calls.changed', (event) => void handleCalls(event)),
    on('archive.changed', handleArchive),
    on('files.saving', handleSaving),
    on('replication.changed', handleReplication),
    on('linking.changed', handleLinking),
    on('accounts.certificateProblem', pushCertificateProblem),
    on('notice.error', ({ code, params }) => pushNotice(code, params)),
    on('navigate.conversation', ({ conversationId, position }) => openConversation(conversationId, position)),
  ]
  void loadSettings()
  void loadApp()
  return () => {
    for (const dispose of disposers) dispose()
  }
}

/** Asks main for the program's state. */
export async function loadApp(): Promise<void> {
  const reply = await call('app.view', {})
  if (reply.ok) showApp(reply.value)
  else useStore.setState({ failure: reply.code })
}
