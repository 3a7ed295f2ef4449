/** The calls that run or rang just now, as main announces them, and what the user asks of them. */
import { create } from 'zustand'
import type { BridgeEvents } from '#shared/bridge/events.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { CallId, CallView } from '#shared/model/calls.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import { call } from '../bridge/client.ts'
import { openConversation, pushNotice } from './screen-store.ts'
import { ask, attempt, perform } from './actions.ts'

/** How much room a call takes in its conversation. */
export type CallSize = 'compact' | 'normal' | 'full'

/** Something that would show the user's address to the other side, to be asked. */
export type AddressQuestion = { readonly name: string } & (
  | { readonly kind: 'place'; readonly request: PlaceRequest }
  | { readonly kind: 'accept'; readonly callId: CallId; readonly video: boolean }
)

/** A call the user wants to make. */
export interface PlaceRequest {
  readonly conversationId: ConversationId
  readonly name: string
  readonly video: boolean
  /** The user's own choice after ZRTP was refused. */
  readonly dtls?: true
  /** The call whose other side asked for this one. */
  readonly referredIn?: CallId
}

/** A chosen device that vanished or came back. */
export interface DeviceNotice {
  readonly role: 'microphone' | 'speaker' | 'camera'
  readonly change: 'gone' | 'back'
}

interface CallState {
  /** Newest first. */
  readonly calls: readonly CallView[]
  readonly revision: number
  readonly sizes: Readonly<Record<CallId, CallSize | undefined>>
  readonly question: AddressQuestion | null
  readonly deviceNotice: DeviceNotice | null
  /** The call of the page that tries out calls: shown there and nowhere else. */
  readonly tested: CallId | null
}

const useStore = create<CallState>(() => ({
  ...{ calls: [], revision: 0, sizes: {}, question: null, deviceNotice: null, tested: null },
}))

const noCalls: readonly CallView[] = []

/** Whether two people are, or are about to be, in a call: neither ringing here nor over. */
export function isRunning(view: CallView): boolean {
  return view.phase !== 'incoming' && view.phase !== 'ended'
}

/** Whether this side keeps the call on hold. */
export function isHeldHere(view: CallView): boolean {
  return view.held === 'by-us' || view.held === 'by-both'
}

/** All calls, newest first. */
export function useCalls(): readonly CallView[] {
  return useStore((state) => state.calls)
}

/** All calls, now. */
export function callsNow(): readonly CallView[] {
  return useStore.getState().calls
}

/** One call. */
export function useCall(id: CallId): CallView | undefined {
  return useStore((state) => state.calls.find((view) => view.id === id))
}

/** The running call of a conversation, if any. */
export function useRunningCall(id: ConversationId): CallView | undefined {
  return useStore((state) => state.calls.find((view) => view.conversationId === id && isRunning(view)))
}

/** The call the shortcuts mean: the one that is heard, else the newest that runs. */
export function currentCall(calls: readonly CallView[]): CallView | undefined {
  const running = calls.filter(isRunning)
  return running.find((view) => !isHeldHere(view)) ?? running[0]
}

/** How much room a call takes: pictures fill the conversation unless the user chose otherwise. */
export function useCallSize(view: CallView | undefined): CallSize | null {
  const chosen = useStore((state) => (view === undefined ? undefined : state.sizes[view.id]))
  if (view === undefined) return null
  return chosen ?? (view.video ? 'full' : 'normal')
}

/** Sets how much room a call takes. */
export function setCallSize(id: CallId, size: CallSize): void {
  useStore.setState(({ sizes }) => ({ sizes: { ...sizes, [id]: size } }))
}

/** What must be asked before the other side learns the user's address. */
export function useAddressQuestion(): AddressQuestion | null {
  return useStore((state) => state.question)
}

/** What happened to a chosen device during a call. */
export function useDeviceNotice(): DeviceNotice | null {
  return useStore((state) => state.deviceNotice)
}

/** Shows what happened to a chosen device; null takes it away. */
export function noteDevice(deviceNotice: DeviceNotice | null): void {
  useStore.setState({ deviceNotice })
}

/** The calls that are shown in lines of their own: all but the one that is being tried out. */
export function useShownCalls(): readonly CallView[] {
  const calls = useCalls()
  const tested = useStore((state) => state.tested)
  return calls.filter((view) => view.id !== tested)
}

/** Names the call that is being tried out; null = none. */
export function setTestedCall(tested: CallId | null): void {
  useStore.setState({ tested })
}

/** Tells of changed calls outside the screen; returns the disposer. */
export function onCalls(changed: (calls: readonly CallView[]) => void): () => void {
  return useStore.subscribe((state, before) => {
    if (state.calls !== before.calls) changed(state.calls)
  })
}

function show(calls: readonly CallView[], revision: number): void {
  useStore.setState(({ sizes }) => ({
    calls: calls.length === 0 ? noCalls : calls,
    revision,
    // What is gone from the list needs no room.
    sizes: Object.fromEntries(Object.entries(sizes).filter(([id]) => calls.some((view) => view.id === id))),
  }))
}

/** Reads the calls; an answer that an event overtook is dropped. */
export async function loadCalls(): Promise<void> {
  const reply = await call('calls.list', {})
  if (reply.ok && reply.value.revision >= useStore.getState().revision) show(reply.value.calls, reply.value.revision)
}

/** Applies one event; after a gap the calls are read again. */
export async function handleCalls(event: BridgeEvents['calls.changed']): Promise<void> {
  const { revision } = useStore.getState()
  if (event.revision <= revision) return
  show(event.calls, event.revision)
  if (event.revision > revision + 1 && revision > 0) await loadCalls()
}

/** Holds whatever else is heard: one speaks with one call at a time. Returns what takes that back. */
async function holdOthers(...except: readonly (CallId | null)[]): Promise<() => void> {
  const heard = callsNow().filter((view) => !except.includes(view.id) && view.phase === 'active' && !isHeldHere(view))
  const set = (held: boolean): Promise<unknown> =>
    Promise.all(heard.map((view) => perform('calls.setHeld', { callId: view.id, held })))
  await set(true)
  return () => void set(false)
}

/** Calls the other side of a conversation; asks first where that would show the user's address. */
export async function placeCall(request: PlaceRequest, showAddress = false): Promise<void> {
  const { conversationId, video, dtls, name, referredIn } = request
  const resume = await holdOthers()
  const reply = await attempt('calls.place', {
    ...{ conversationId, video },
    ...(dtls === true ? { keys: 'dtls' as const } : {}),
    ...(showAddress ? { showAddress } : {}),
    ...(referredIn === undefined ? {} : { referredIn }),
  })
  if (reply.ok) {
    openConversation(conversationId)
    return
  }
  resume()
  if (reply.code === 'address-would-show') useStore.setState({ question: { kind: 'place', name, request } })
  else pushNotice(reply.code, reply.params)
}

/** Does what the other side of a call asked for: calls somebody else. */
export async function takeReferral({ id, accountId, referral }: CallView): Promise<void> {
  if (referral === null) return
  const name = displayAor(referral.to)
  const conversationId = await ask('conversations.start', { accountId, peer: name })
  if (conversationId !== null) await placeCall({ conversationId, name, video: false, referredIn: id })
}

/** Takes a ringing call, and holds what is heard meanwhile. */
export async function acceptCall(view: CallView, video: boolean, showAddress = false): Promise<void> {
  const callId = view.id
  // Whom this call replaces is not to hear music first.
  const resume = await holdOthers(callId, view.replaces)
  const reply = await attempt('calls.accept', { callId, video, ...(showAddress ? { showAddress } : {}) })
  if (reply.ok) {
    openConversation(view.conversationId)
    return
  }
  resume()
  if (reply.code === 'address-would-show') {
    useStore.setState({ question: { kind: 'accept', name: view.peerName, callId, video } })
  } else pushNotice(reply.code, reply.params)
}

/** Takes a ringing call in place of the one that is heard. */
export async function endAndAccept(view: CallView): Promise<void> {
  const heard = currentCall(callsNow())
  await acceptCall(view, false)
  // Not before the new one is taken: it may have to be asked about first.
  const taken = callsNow().find((one) => one.id === view.id)
  if (heard !== undefined && taken !== undefined && isRunning(taken)) endCall(heard)
}

/** The answer to {@link useAddressQuestion}. */
export function answerAddress(question: AddressQuestion, goOn: boolean): void {
  useStore.setState({ question: null })
  if (!goOn) return
  if (question.kind === 'place') void placeCall(question.request, true)
  const view = question.kind === 'accept' ? callsNow().find((one) => one.id === question.callId) : undefined
  if (view !== undefined && question.kind === 'accept') void acceptCall(view, question.video, true)
}

/** Holds a call, or resumes it and holds the others. */
export async function setHeld(view: CallView, held: boolean): Promise<void> {
  if (!held) await holdOthers(view.id)
  await perform('calls.setHeld', { callId: view.id, held })
}

/** Ends what runs, cancels what rings there, declines what rings here. */
export function endCall(view: CallView): void {
  void perform(view.phase === 'incoming' ? 'calls.decline' : 'calls.end', { callId: view.id })
}

/** Takes an ended call from the screen. */
export function dismissCall(id: CallId): void {
  void perform('calls.dismiss', { callId: id })
}
