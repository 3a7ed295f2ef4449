import { CpimError } from './errors.ts'
import { parseDateTime } from './cpim.ts'
import { childOf, escapeXml, parseXml } from './xml.ts'

export const isComposingMediaType = 'application/im-iscomposing+xml'
const namespace = 'urn:ietf:params:xml:ns:im-iscomposing'

/** RFC 3994 §3.3: what an active state without a refresh is worth. */
export const defaultRefreshMs = 120_000
const minRefreshMs = 60_000
const maxRefreshMs = 3_600_000

/** An `application/im-iscomposing+xml` document. */
export interface IsComposing {
  readonly state: 'active' | 'idle'
  readonly lastActiveMs: number | null
  /** What is being composed; null = text. */
  readonly contentType: string | null
  /** Seconds until the next refresh at the latest; null = 120. */
  readonly refreshSeconds: number | null
}

/**
 * Reads the document; an unknown state counts as idle (RFC 3994 §3.1).
 * @throws CpimError
 */
export function parseIsComposing(bytes: Uint8Array): IsComposing {
  const root = parseXml(bytes)
  if (root.name !== 'isComposing' || root.namespace !== namespace) throw new CpimError('unexpected-document')
  const refresh = childOf(root, 'refresh')?.text ?? ''
  return {
    state: childOf(root, 'state')?.text === 'active' ? 'active' : 'idle',
    lastActiveMs: parseDateTime(childOf(root, 'lastactive')?.text),
    contentType: childOf(root, 'contenttype')?.text ?? null,
    refreshSeconds: /^\d{1,9}$/.test(refresh) && Number(refresh) > 0 ? Number(refresh) : null,
  }
}

/** Writes the document. */
export function serializeIsComposing(value: IsComposing): Uint8Array {
  const element = (name: string, text: string | null): string =>
    text === null ? '' : `<${name}>${escapeXml(text)}</${name}>`
  const lastActive = value.lastActiveMs === null ? null : new Date(value.lastActiveMs).toISOString()
  const refresh = value.refreshSeconds === null ? null : String(value.refreshSeconds)
  const xml =
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<isComposing xmlns="${namespace}">` +
    element('state', value.state) +
    element('lastactive', lastActive) +
    element('contenttype', value.contentType) +
    element('refresh', refresh) +
    '</isComposing>\r\n'
  return Buffer.from(xml, 'utf8')
}

/** What a composing machine wants done. `idle-timer` and `refresh-timer` belong to the composer, `expiry` to the receiver. */
export type ComposingEffect =
  | { readonly kind: 'send'; readonly state: 'active' | 'idle' }
  | { readonly kind: 'start-timer'; readonly timer: ComposingTimer; readonly delayMs: number }
  | { readonly kind: 'stop-timer'; readonly timer: ComposingTimer }
  | { readonly kind: 'show'; readonly composing: boolean }

export type ComposingTimer = 'idle-timer' | 'refresh-timer' | 'expiry'

export interface ComposingStep<S> {
  readonly state: S
  readonly effects: readonly ComposingEffect[]
}

/** Whether our own user is writing. `idle` from: active  to: active · `active` from: idle  to: idle  sends: active */
export type ComposerState = 'idle' | 'active'

/** `typed` at each keystroke, `sent` when the message left, `cleared` when the text was removed, else own timers. */
export type ComposerEvent = 'typed' | 'sent' | 'cleared' | 'idle-timer' | 'refresh-timer'

export interface ComposerTiming {
  /** Silence after which we say idle (RFC 3994 §3.2). */
  readonly idleMs: number
  readonly refreshMs: number
}

export const defaultComposerTiming: ComposerTiming = { idleMs: 15_000, refreshMs: defaultRefreshMs }

const stopBoth: readonly ComposingEffect[] = [
  { kind: 'stop-timer', timer: 'idle-timer' },
  { kind: 'stop-timer', timer: 'refresh-timer' },
]

/** One step of the composer (RFC 3994 §3.2): a sent message implies idle, so none is sent for it. */
export function stepComposer(
  state: ComposerState,
  event: ComposerEvent,
  timing: ComposerTiming = defaultComposerTiming,
): ComposingStep<ComposerState> {
  const idleTimer: ComposingEffect = { kind: 'start-timer', timer: 'idle-timer', delayMs: timing.idleMs }
  const refreshTimer: ComposingEffect = { kind: 'start-timer', timer: 'refresh-timer', delayMs: timing.refreshMs }
  const active: ComposingEffect = { kind: 'send', state: 'active' }
  if (state === 'idle') {
    return event === 'typed' ? { state: 'active', effects: [active, idleTimer, refreshTimer] } : { state, effects: [] }
  }
  switch (event) {
    case 'typed':
      return { state, effects: [idleTimer] }
    case 'refresh-timer':
      return { state, effects: [active, refreshTimer] }
    case 'sent':
      return { state: 'idle', effects: stopBoth }
    case 'cleared':
    case 'idle-timer':
      return { state: 'idle', effects: [{ kind: 'send', state: 'idle' }, ...stopBoth] }
  }
}

/** Whether the far end is writing, as far as we know. */
export type ReceiverState = 'idle' | 'composing'

export type ReceiverEvent =
  { readonly kind: 'status'; readonly status: IsComposing } | { readonly kind: 'message' } | { readonly kind: 'expiry' }

/** One step of the receiver (RFC 3994 §3.3): active lasts until idle, a message, or the refresh that did not come. */
export function stepReceiver(state: ReceiverState, event: ReceiverEvent): ComposingStep<ReceiverState> {
  if (event.kind === 'status' && event.status.state === 'active') {
    const { refreshSeconds } = event.status
    const refreshMs = refreshSeconds === null ? defaultRefreshMs : refreshSeconds * 1000
    const delayMs = Math.min(Math.max(refreshMs, minRefreshMs), maxRefreshMs)
    const show: ComposingEffect[] = state === 'composing' ? [] : [{ kind: 'show', composing: true }]
    return { state: 'composing', effects: [...show, { kind: 'start-timer', timer: 'expiry', delayMs }] }
  }
  if (state === 'idle') return { state, effects: [] }
  return {
    state: 'idle',
    effects: [
      { kind: 'show', composing: false },
      { kind: 'stop-timer', timer: 'expiry' },
    ],
  }
}
