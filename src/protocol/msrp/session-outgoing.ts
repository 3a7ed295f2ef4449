import { safeTransactionId } from './chunk.ts'
import { requestHead, type ByteRange, type RequestHead, type ResponseHead } from './head.ts'
import { pieceAt } from './message-splitter.ts'
import { addRange, coversAll, type Ranges } from './range-set.ts'
import type {
  CloseReason,
  OutgoingMessage,
  OutgoingState,
  SendFailureCause,
  SendOutcome,
  SessionContext,
  SessionEffect,
  SessionState,
  SessionStep,
  Transaction,
} from './session.ts'

/** These answers say that the whole session is of no more use (RFC 4975 §10). */
const fatalStatuses = new Set([408, 481, 506])

/** Messages of several chunks under way at one time. */
const maxInterleaved = 4

/** Chunks per step, so that a full transport is noticed. */
const maxBurst = 8

/** Takes a message into the queue; two of one id cannot be told apart by reports. */
export function queueMessage(state: SessionState, message: OutgoingMessage): SessionStep {
  if (findOutgoing(state, message.messageId) !== undefined) {
    const outcome: SendOutcome = { kind: 'failed', status: 400, cause: 'aborted' }
    return { state, effects: [{ kind: 'outcome', messageId: message.messageId, outcome }] }
  }
  const entry: OutgoingState = { message, offset: 0, sentAll: false, unanswered: 0, reported: [] }
  return { state: { ...state, outgoing: [...state.outgoing, entry] }, effects: [] }
}

/** Sends chunks while the window and the transport allow, taking turns between messages (RFC 4975 §7.1.1). */
export function pump(state: SessionState, context: SessionContext): SessionStep {
  let current = state
  const effects: SessionEffect[] = []
  for (let sent = 0; sent < maxBurst && canSend(current); sent += 1) {
    const entry = nextEntry(current.outgoing)
    if (entry === undefined) break
    const step = sendPiece(current, entry, context)
    current = step.state
    effects.push(...step.effects)
  }
  return { state: current, effects }
}

/**
 * The message whose turn it is. Only so many are under way at once, for the receiver has to hold them all; what fits one
 * chunk needs no place and overtakes.
 */
function nextEntry(outgoing: readonly OutgoingState[]): OutgoingState | undefined {
  const started = outgoing.filter((entry) => entry.offset > 0 && !entry.sentAll).length
  return outgoing.find((entry) => {
    const { body, chunkBytes } = entry.message
    return !entry.sentAll && (entry.offset > 0 || started < maxInterleaved || body.length <= chunkBytes)
  })
}

/** Whether another `writable` event would send something at once: a step writes only so much before the transport is asked. */
export function wantsToSend(state: SessionState): boolean {
  return canSend(state) && nextEntry(state.outgoing) !== undefined
}

function canSend(state: SessionState): boolean {
  return state.phase !== 'closed' && state.mayPump && state.writable && countInFlight(state) < state.config.maxInFlight
}

function countInFlight(state: SessionState): number {
  let count = 0
  for (const transaction of state.transactions.values()) if (transaction.failureReport === 'yes') count += 1
  return count
}

function sendPiece(state: SessionState, entry: OutgoingState, context: SessionContext): SessionStep {
  const { message } = entry
  const piece = pieceAt(message.body, entry.offset, message.chunkBytes)
  const transactionId = safeTransactionId(piece.body, context.newId)
  const head = sendHead(state, transactionId, {
    messageId: message.messageId,
    byteRange: piece.byteRange,
    contentType: message.contentType,
    headers: message.headers,
    successReport: message.successReport,
    failureReport: message.failureReport,
  })
  const tracked = message.failureReport !== 'no'
  const sent: OutgoingState = {
    ...entry,
    offset: piece.nextOffset,
    sentAll: piece.flag === '$',
    unanswered: entry.unanswered + Number(message.failureReport === 'yes'),
  }
  // Moved to the end of the line: the next message gets its turn.
  const outgoing = [...state.outgoing.filter((other) => other !== entry), sent]
  const transactions = tracked ? withTransaction(state, transactionId, message) : state.transactions
  const timer = `transaction:${transactionId}`
  const timers: SessionEffect[] = tracked
    ? [{ kind: 'start-timer', timer, delayMs: state.config.timing.transactionMs }]
    : []
  const effects: SessionEffect[] = [{ kind: 'send', head, body: piece.body, flag: piece.flag }, ...timers]
  const next = settle({ ...state, outgoing, transactions, active: true }, message.messageId)
  return { state: next.state, effects: [...effects, ...next.effects] }
}

function withTransaction(state: SessionState, id: string, message: OutgoingMessage | null): Map<string, Transaction> {
  const transactions = new Map(state.transactions)
  const failureReport = message?.failureReport ?? 'yes'
  transactions.set(id, { messageId: message?.messageId ?? null, failureReport })
  return transactions
}

type SendFields = Partial<
  Pick<RequestHead, 'byteRange' | 'contentType' | 'headers' | 'successReport' | 'failureReport'>
> &
  Pick<RequestHead, 'messageId'>

function sendHead(state: SessionState, transactionId: string, fields: SendFields): RequestHead {
  const { localPath, remotePath } = state.config
  const toPath = [...localPath.slice(0, -1), ...remotePath]
  return requestHead('SEND', { transactionId, toPath, fromPath: localPath.slice(-1), ...fields })
}

/** An empty SEND: binds the session, or asks whether the connection still lives. */
export function sendProbe(state: SessionState, context: SessionContext): SessionStep {
  const transactionId = context.newId()
  const head = sendHead(state, transactionId, {
    messageId: context.newId(),
    byteRange: { start: 1, end: 0, total: 0 },
  })
  return {
    state: { ...state, transactions: withTransaction(state, transactionId, null) },
    effects: [
      { kind: 'send', head, body: null, flag: '$' },
      { kind: 'start-timer', timer: `transaction:${transactionId}`, delayMs: state.config.timing.transactionMs },
    ],
  }
}

/** An answer of the next hop; unknown transactions are ignored. */
export function handleResponse(state: SessionState, head: ResponseHead, context: SessionContext): SessionStep {
  if (!state.transactions.has(head.transactionId)) return { state, effects: [] }
  const timer = `transaction:${head.transactionId}`
  const step = endTransaction(state, head.transactionId, head.code, context)
  return { state: step.state, effects: [{ kind: 'stop-timer', timer }, ...step.effects] }
}

function endTransaction(state: SessionState, id: string, code: number, context: SessionContext): SessionStep {
  const { messageId = null, failureReport } = state.transactions.get(id) ?? {}
  const transactions = new Map(state.transactions)
  transactions.delete(id)
  const next = { ...state, transactions }
  if (code >= 300) return failTransaction(next, messageId, code, context)
  const entry = messageId === null ? undefined : findOutgoing(next, messageId)
  if (entry === undefined || messageId === null) return { state: next, effects: [] }
  const answered = { ...entry, unanswered: entry.unanswered - Number(failureReport === 'yes') }
  return settle(replace(next, entry, answered), messageId)
}

function failTransaction(
  state: SessionState,
  messageId: string | null,
  code: number,
  context: SessionContext,
): SessionStep {
  const failed =
    messageId === null ? { state, effects: [] } : failMessage(state, messageId, { code, cause: 'response' }, context)
  // An unanswered or refused probe leaves nothing to wait for.
  if (!fatalStatuses.has(code) && messageId !== null) return failed
  const closed = failAll(failed.state, code === 408 ? 'timed-out' : 'gone')
  return { state: closed.state, effects: [...failed.effects, ...closed.effects] }
}

/** Whether a message is through: every chunk answered and, where asked for, every byte reported. */
function settle(state: SessionState, messageId: string): SessionStep {
  const entry = findOutgoing(state, messageId)
  if (entry === undefined || !entry.sentAll || entry.unanswered > 0) return { state, effects: [] }
  const { successReport } = entry.message
  const timer = `report:${messageId}`
  if (!successReport) return finish(state, entry, { kind: 'accepted' })
  if (coversAll(entry.reported, reportSpan(entry))) return finish(state, entry, { kind: 'delivered' })
  return { state, effects: [{ kind: 'start-timer', timer, delayMs: state.config.timing.reportMs }] }
}

function finish(state: SessionState, entry: OutgoingState, outcome: SendOutcome): SessionStep {
  const { messageId } = entry.message
  return {
    state: { ...state, outgoing: state.outgoing.filter((other) => other !== entry) },
    effects: [
      { kind: 'stop-timer', timer: `report:${messageId}` },
      { kind: 'outcome', messageId, outcome },
    ],
  }
}

/** A REPORT from farther along the path (RFC 4975 §7.3.2); unknown messages and namespaces are ignored. */
export function handleReport(state: SessionState, head: RequestHead, context: SessionContext): SessionStep {
  const entry = head.messageId === null ? undefined : findOutgoing(state, head.messageId)
  if (entry === undefined || head.status?.namespace !== '000') return { state, effects: [] }
  const { messageId } = entry.message
  if (head.status.code >= 300)
    return failMessage(state, messageId, { code: head.status.code, cause: 'report' }, context)
  const reported = markReported(entry, head.byteRange)
  const marked = { ...entry, reported }
  // A report overtakes the answer of the next hop where relays delay it: it proves more, so it settles both.
  const done = marked.sentAll && coversAll(reported, reportSpan(entry))
  const next = replace(state, entry, done ? { ...marked, unanswered: 0 } : marked)
  return done ? settle(next, messageId) : { state: next, effects: [] }
}

/** An empty message counts as one byte, so that a report about it has something to cover. */
function reportSpan(entry: OutgoingState): number {
  return Math.max(1, entry.message.body.length)
}

/** A report without a range, or with an open one, is about the whole message. */
function markReported(entry: OutgoingState, range: ByteRange | null): Ranges {
  const span = reportSpan(entry)
  const start = (range?.start ?? 1) - 1
  const end = entry.message.body.length === 0 ? span : (range?.end ?? range?.total ?? span)
  return addRange(entry.reported, start, Math.min(end, span)) ?? entry.reported
}

interface Failure {
  readonly code: number
  readonly cause: SendFailureCause
}

function failMessage(state: SessionState, messageId: string, failure: Failure, context: SessionContext): SessionStep {
  const entry = findOutgoing(state, messageId)
  if (entry === undefined) return { state, effects: [] }
  const outcome: SendOutcome = { kind: 'failed', status: failure.code, cause: failure.cause }
  const step = finish(state, entry, outcome)
  const halfSent = entry.offset > 0 && !entry.sentAll
  return halfSent ? { state: step.state, effects: [abortEffect(state, entry, context), ...step.effects] } : step
}

/** RFC 4975 §7.1: the rest of a half-sent message is called off with `#`. */
function abortEffect(state: SessionState, entry: OutgoingState, context: SessionContext): SessionEffect {
  const { messageId, body, contentType } = entry.message
  const head = sendHead(state, context.newId(), {
    messageId,
    contentType,
    byteRange: { start: entry.offset + 1, end: entry.offset, total: body.length },
    failureReport: 'no',
  })
  return { kind: 'send', head, body: new Uint8Array(0), flag: '#' }
}

/** The application gives a message up. */
export function abortMessage(state: SessionState, messageId: string, context: SessionContext): SessionStep {
  return failMessage(state, messageId, { code: 0, cause: 'aborted' }, context)
}

/** A timer ran out: `transaction:<id>`, `report:<message id>`, `keep-alive` or `bind`. */
export function handleTimer(state: SessionState, timer: string, context: SessionContext): SessionStep {
  const [kind, id = ''] = splitOnce(timer)
  if (kind === 'transaction') return transactionTimedOut(state, id, context)
  if (kind === 'report') return failMessage(state, id, { code: 408, cause: 'report-timed-out' }, context)
  if (kind === 'bind') return { state: { ...state, mayPump: true }, effects: [] }
  return kind === 'keep-alive' ? keepAlive(state, context) : { state, effects: [] }
}

function splitOnce(text: string): [string, string?] {
  const colon = text.indexOf(':')
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)]
}

function transactionTimedOut(state: SessionState, id: string, context: SessionContext): SessionStep {
  const transaction = state.transactions.get(id)
  if (transaction === undefined) return { state, effects: [] }
  if (transaction.failureReport === 'partial') return endTransaction(state, id, 200, context)
  const transactions = new Map(state.transactions)
  transactions.delete(id)
  const { messageId } = transaction
  const failure: Failure = { code: 408, cause: 'timed-out' }
  const next = { ...state, transactions }
  // The message is settled already, by a report or a refusal: its missing answer means nothing.
  if (messageId !== null && findOutgoing(next, messageId) === undefined) return { state: next, effects: [] }
  const failed = messageId === null ? { state: next, effects: [] } : failMessage(next, messageId, failure, context)
  const closed = failAll(failed.state, 'timed-out')
  return { state: closed.state, effects: [...failed.effects, ...closed.effects] }
}

function keepAlive(state: SessionState, context: SessionContext): SessionStep {
  const { keepAliveMs } = state.config.timing
  if (keepAliveMs === null) return { state, effects: [] }
  const again: SessionEffect = { kind: 'start-timer', timer: 'keep-alive', delayMs: keepAliveMs }
  if (state.active || !state.mayPump) return { state: { ...state, active: false }, effects: [again] }
  const probe = sendProbe(state, context)
  return { state: probe.state, effects: [again, ...probe.effects] }
}

/** Ends the session: every message fails, every timer stops. */
export function failAll(state: SessionState, reason: CloseReason): SessionStep {
  const effects: SessionEffect[] = []
  for (const id of state.transactions.keys()) effects.push({ kind: 'stop-timer', timer: `transaction:${id}` })
  for (const { message } of state.outgoing) {
    const outcome: SendOutcome = { kind: 'failed', status: reason === 'timed-out' ? 408 : 481, cause: 'closed' }
    effects.push({ kind: 'stop-timer', timer: `report:${message.messageId}` })
    effects.push({ kind: 'outcome', messageId: message.messageId, outcome })
  }
  effects.push({ kind: 'stop-timer', timer: 'keep-alive' }, { kind: 'stop-timer', timer: 'bind' })
  effects.push({ kind: 'closed', reason })
  const state2: SessionState = {
    ...state,
    phase: 'closed',
    outgoing: [],
    transactions: new Map(),
    undecided: new Map(),
  }
  return { state: state2, effects }
}

function findOutgoing(state: SessionState, messageId: string): OutgoingState | undefined {
  return state.outgoing.find((entry) => entry.message.messageId === messageId)
}

function replace(state: SessionState, old: OutgoingState, entry: OutgoingState): SessionState {
  return { ...state, outgoing: state.outgoing.map((other) => (other === old ? entry : other)) }
}
