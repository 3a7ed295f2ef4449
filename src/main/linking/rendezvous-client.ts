import { RendezvousRefused } from './link-words.ts'
import type { RendezvousClientPort, SlotKey } from './rendezvous-port.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import {
  decodeRendezvous,
  encodeRendezvous,
  endRequest,
  joinRequest,
  maxPieceBytes,
  maxRendezvousAnswerBytes,
  openingRequest,
  rendezvousPath,
  rendezvousProblemAnswer,
  rendezvousTargets,
  slotScheme,
  slotStateAnswer,
  waitingAnswer,
  type SlotState,
} from '#shared/linking/rendezvous.ts'
import { decodeBody, problemAnswer } from '#shared/replication/api.ts'
import type { z } from 'zod'

/** Requests to a replica (`main/replication/transport/http-port.ts`), as far as linking needs them. */
export interface LinkHttpPort {
  request(request: {
    readonly method: 'GET' | 'POST' | 'PUT'
    readonly target: string
    readonly body?: Uint8Array
    readonly signed: boolean
    readonly authorization?: string
    readonly maxAnswerBytes: number
    readonly heldMs?: number
  }): Promise<{ readonly status: number; readonly body: Uint8Array }>
}

type Asked = Parameters<LinkHttpPort['request']>[0]
type TargetName = keyof typeof rendezvousTargets

/** @param http - Signs where it was made with a device's key, which a new device has not: it opens slots and passes pieces only. */
export function rendezvousClient(http: LinkHttpPort): RendezvousClientPort {
  const ask = async (asked: Omit<Asked, 'maxAnswerBytes'>, maxAnswerBytes = maxRendezvousAnswerBytes) => {
    const answer = await http.request({ ...asked, maxAnswerBytes })
    if (answer.status >= 300) throw refusalIn(answer)
    return answer
  }
  const shown = (token: Uint8Array) => ({ signed: false, authorization: `${slotScheme} ${toBase64Url(token)}` })
  const stateAfter = async (asked: Omit<Asked, 'maxAnswerBytes'>): Promise<SlotState> =>
    read(slotStateAnswer, (await ask(asked)).body)
  return {
    open(opening) {
      const isTransfer = opening.kind === 'transfer'
      const body = encodeRendezvous(openingRequest, opening)
      return stateAfter({ ...posted(isTransfer ? 'transfers' : 'slots', body), signed: isTransfer })
    },
    async waiting() {
      const answer = await ask({ method: 'GET', target: targetOf('waiting'), signed: true })
      return read(waitingAnswer, answer.body).slots
    },
    join: (slot, far) => stateAfter({ ...posted('join', encodeRendezvous(joinRequest, { slot, far })), signed: true }),
    state: ({ slot, token }) => stateAfter({ method: 'GET', target: targetOf('state', { slot }), ...shown(token) }),
    async put(key, number, piece) {
      await stateAfter({ method: 'PUT', target: pieceTarget(key, number), body: piece, ...shown(key.token) })
    },
    async take(key, number, heldMs) {
      const target = pieceTarget(key, number, heldMs)
      const answer = await ask({ method: 'GET', target, heldMs, ...shown(key.token) }, maxPieceBytes)
      return answer.status === 204 ? null : answer.body
    },
    async end({ slot, token }, ending) {
      await ask({ ...posted('end', encodeRendezvous(endRequest, { slot, ending })), ...shown(token) })
    },
  }
}

function posted(name: TargetName, body: Uint8Array) {
  return { method: 'POST', target: targetOf(name), body } as const
}

function pieceTarget({ slot, generation }: SlotKey, number: number, heldMs?: number): string {
  return targetOf('pieces', { slot, generation, number, ...(heldMs === undefined ? {} : { held: heldMs }) })
}

function targetOf(name: TargetName, query: Readonly<Record<string, Uint8Array | number>> = {}): string {
  const written = Object.entries(query).map(
    ([key, value]) => `${key}=${typeof value === 'number' ? String(value) : toBase64Url(value)}`,
  )
  const path = `${rendezvousPath}${rendezvousTargets[name]}`
  return written.length === 0 ? path : `${path}?${written.join('&')}`
}

function read<T>(schema: z.ZodType<T>, body: Uint8Array): T {
  try {
    return decodeRendezvous(schema, body)
  } catch (cause) {
    throw cause instanceof ProtocolError ? new SottoError('server-refused', {}, cause) : cause
  }
}

/** A refusal of the rendezvous, or one of the replica's that a signed request can get. */
function refusalIn({ status, body }: { readonly status: number; readonly body: Uint8Array }): Error {
  const problem = tried(() => decodeRendezvous(rendezvousProblemAnswer, body))
  if (problem !== null) {
    const { ending, next } = problem
    return new RendezvousRefused(problem.problem, {
      ...(ending === undefined ? {} : { ending }),
      ...(next === undefined ? {} : { next }),
    })
  }
  const refused = tried(() => decodeBody(problemAnswer, body))?.problem
  if (refused === 'stopping' || refused === 'unavailable') return new RendezvousRefused('too-many')
  if (refused === 'bad-signature') return new SottoError('device-unknown')
  return refused === 'revoked' ? new SottoError('device-removed') : new SottoError('server-refused', { status })
}

function tried<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (cause) {
    if (cause instanceof ProtocolError) return null
    throw cause
  }
}
