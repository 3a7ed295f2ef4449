import type { RequestHead } from './head.ts'
import { reportFor, responseFor, wantsReport } from './reports.ts'
import type { SessionContext, SessionEffect, SessionEvent, SessionState, SessionStep } from './session.ts'
import { sessionIdOf } from './uri.ts'

/**
 * The status to refuse a request with before its body is read, or null: 400 malformed, 481 another session, 501 unknown
 * method, 415 a type we do not take.
 */
export function checkRequest(state: SessionState, head: RequestHead): number | null {
  if (head.malformed !== null) return 400
  const { localPath, remotePath } = state.config
  const [to, ...more] = head.toPath
  if (to === undefined || more.length > 0 || !sameSession(to, localPath.at(-1))) return 481
  if (!sameSession(head.fromPath.at(-1), remotePath.at(-1))) return 481
  if (head.method !== 'SEND') return 501
  return head.contentType === null || isAccepted(head.contentType, state.config.acceptTypes) ? null : 415
}

/** Middleboxes rewrite hosts, never session ids; the id alone is unguessable. */
function sameSession(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false
  const id = sessionIdOf(a)
  return id !== null && id === sessionIdOf(b)
}

/** Whether a media type is among `text/plain`, `text/*` or `*` (RFC 4975 §8.6). */
export function isAccepted(contentType: string, acceptTypes: readonly string[]): boolean {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
  return acceptTypes.some((accepted) => {
    const wanted = accepted.toLowerCase()
    if (wanted === '*' || wanted === '*/*' || wanted === type) return true
    return wanted.endsWith('/*') && type.startsWith(wanted.slice(0, -1))
  })
}

type ChunkEvent = Extract<SessionEvent, { kind: 'chunk' }>

/** A whole request came in: answer it, or hand its message over and hold the answer back. */
export function handleChunk(state: SessionState, { head, assembly }: ChunkEvent): SessionStep {
  const refusal = checkRequest(state, head)
  if (refusal !== null) return answer(state, head, refusal)
  // Bind or keep-alive.
  if (assembly === null) return answer(state, head, 200)
  if (assembly.kind === 'refused') return answer(state, head, assembly.status)
  if (assembly.kind !== 'message') return answer(state, head, 200)
  if (state.undecided.size >= state.config.maxUndecided) return answer(state, head, 413)
  const receipt = state.nextReceipt
  const undecided = new Map(state.undecided).set(receipt, { head, totalBytes: assembly.message.totalBytes })
  return {
    state: { ...state, undecided, nextReceipt: receipt + 1 },
    effects: [{ kind: 'deliver', receipt, message: assembly.message }],
  }
}

function answer(state: SessionState, head: RequestHead, code: number): SessionStep {
  const response = responseFor(head, code)
  return { state, effects: response === null ? [] : [{ kind: 'send', head: response, body: null, flag: '$' }] }
}

type DecisionEvent = Extract<SessionEvent, { kind: 'decision' }>

/** The application took the message (200: durable) or refused it; a second decision is ignored. */
export function handleDecision(
  state: SessionState,
  { receipt, status }: DecisionEvent,
  context: SessionContext,
): SessionStep {
  const pending = state.undecided.get(receipt)
  if (pending === undefined) return { state, effects: [] }
  const undecided = new Map(state.undecided)
  undecided.delete(receipt)
  const { head, totalBytes } = pending
  const answered = answer({ ...state, undecided }, head, status)
  // A failure is told by the response itself (RFC 4975 §7.1.4).
  if (status >= 300 || !wantsReport(head, status)) return answered
  const range = { start: 1, end: totalBytes, total: totalBytes }
  const report: SessionEffect = {
    kind: 'send',
    head: reportFor(head, status, range, context.newId()),
    body: null,
    flag: '$',
  }
  return { state: answered.state, effects: [...answered.effects, report] }
}
