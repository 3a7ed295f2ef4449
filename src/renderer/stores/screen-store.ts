/** What the window shows: the open conversation or settings page, dialogs and notices. Nothing of it is kept on disk. */
import { create } from 'zustand'
import type { BridgeEvents } from '#shared/bridge/events.ts'
import type { CallId } from '#shared/model/calls.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { AccountId, ConversationId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import { jumpTo } from './message-store.ts'

export type SettingsSection =
  'accounts' | 'devices' | 'calls' | 'privacy' | 'appearance' | 'notifications' | 'storage' | 'data' | 'about'

export type MainView =
  | { readonly kind: 'empty' }
  | { readonly kind: 'conversation'; readonly id: ConversationId }
  | { readonly kind: 'settings'; readonly section: SettingsSection }
  /** Trying out microphone, speaker and connection; `back` is where the user came from. */
  | { readonly kind: 'call-test'; readonly back: MainView }

export type DialogView =
  | { readonly kind: 'new-conversation' | 'add-account' | 'shortcuts' }
  | { readonly kind: 'import' }
  /** `id` = this conversation only, unless the user says otherwise. */
  | { readonly kind: 'export'; readonly id: ConversationId | null }
  | { readonly kind: 'contact' | 'erase-conversation'; readonly id: ConversationId }
  | { readonly kind: 'message-details' | 'delete-message'; readonly message: MessageView }
  | { readonly kind: 'link'; readonly url: string }
  | { readonly kind: 'paper-secret' | 'link-device'; readonly accountId: AccountId }
  | { readonly kind: 'transfer'; readonly callId: CallId }

export interface Notice {
  readonly id: number
  readonly code: ErrorCode
  readonly params: Readonly<Record<string, string | number>>
}

export type CertificateQuestion = BridgeEvents['accounts.certificateProblem']

interface ScreenState {
  readonly main: MainView
  readonly dialog: DialogView | null
  readonly notices: readonly Notice[]
  readonly certificates: readonly CertificateQuestion[]
  /** Grows when a conversation is opened on purpose, so that the composer takes the focus. */
  readonly focusSerial: number
}

const useStore = create<ScreenState>(() => ({
  main: { kind: 'empty' },
  dialog: null,
  notices: [],
  certificates: [],
  focusSerial: 0,
}))
/** Notices shown at once; older ones give way. */
const noticeLimit = 3
let noticeSerial = 0

/** What the main pane shows. */
export function useMainView(): MainView {
  return useStore((state) => state.main)
}
/** What the main pane shows, now. */
export function mainViewNow(): MainView {
  return useStore.getState().main
}
/** The open dialog. */
export function useDialog(): DialogView | null {
  return useStore((state) => state.dialog)
}
/** Errors that belong to no field. */
export function useNotices(): readonly Notice[] {
  return useStore((state) => state.notices)
}
/** Certificate questions that wait for an answer. */
export function useCertificates(): readonly CertificateQuestion[] {
  return useStore((state) => state.certificates)
}
/** See `focusSerial`. */
export function useFocusSerial(): number {
  return useStore((state) => state.focusSerial)
}

/** Opens a conversation and, with a position, the messages around it. */
export function openConversation(id: ConversationId, position?: number): void {
  useStore.setState(({ focusSerial }) => ({
    main: { kind: 'conversation', id },
    dialog: null,
    focusSerial: position === undefined ? focusSerial + 1 : focusSerial,
  }))
  if (position !== undefined) void jumpTo(id, position)
}

/** Gives the composer the focus, if nothing else has it: what had it is gone. */
export function focusComposer(): void {
  if (document.activeElement !== document.body) return
  useStore.setState(({ focusSerial }) => ({ focusSerial: focusSerial + 1 }))
}

/** Shows a page of the settings. */
export function openSettings(section: SettingsSection): void {
  useStore.setState({ main: { kind: 'settings', section }, dialog: null })
}

/** Shows the page that tries out calls. */
export function openCallTest(): void {
  useStore.setState(({ main }) => ({
    main: main.kind === 'call-test' ? main : { kind: 'call-test', back: main },
    dialog: null,
  }))
}

/** Leaves the page that tries out calls, to where the user came from. */
export function closeCallTest(): void {
  useStore.setState(({ main }) => (main.kind === 'call-test' ? { main: main.back } : {}))
}

/** Leaves the main pane empty: in a narrow window the list is shown. */
export function closeMain(): void {
  useStore.setState({ main: { kind: 'empty' } })
}

/** Opens a dialog, or closes it with null. */
export function showDialog(dialog: DialogView | null): void {
  useStore.setState({ dialog })
}

/** Shows an error that belongs to no field; the same error twice is shown once. */
export function pushNotice(code: ErrorCode, params: Readonly<Record<string, string | number>> = {}): void {
  noticeSerial += 1
  const notice = { id: noticeSerial, code, params }
  useStore.setState(({ notices }) => ({
    notices: [...notices.filter((other) => other.code !== code), notice].slice(-noticeLimit),
  }))
}

/** Takes a notice away. */
export function dismissNotice(id: number): void {
  useStore.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }))
}

/** Queues a certificate question; one per account and key. */
export function pushCertificateProblem(question: CertificateQuestion): void {
  const same = (other: CertificateQuestion): boolean =>
    other.accountId === question.accountId && other.problem.spkiSha256 === question.problem.spkiSha256
  useStore.setState(({ certificates }) =>
    certificates.some(same) ? {} : { certificates: [...certificates, question] },
  )
}

/** Takes an answered certificate question away. */
export function dropCertificateProblem(question: CertificateQuestion): void {
  useStore.setState(({ certificates }) => ({ certificates: certificates.filter((other) => other !== question) }))
}
