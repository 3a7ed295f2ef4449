import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { CallId, CallView } from '#shared/model/calls.ts'
import type { ConversationId } from '#shared/model/ids.ts'

type Answer = { ok: true; value: unknown } | { ok: false; code: string; params: object }
const asked: [string, unknown][] = []
const answers = new Map<string, Answer[]>()
vi.stubGlobal('window', {
  sotto: {
    call: (name: string, args: unknown) => {
      asked.push([name, args])
      return Promise.resolve(answers.get(name)?.shift() ?? { ok: true, value: null })
    },
    on: () => () => undefined,
  },
})
const { acceptCall, answerAddress, callsNow, currentCall, handleCalls, loadCalls, placeCall } =
  await import('./call-store.ts')

const view = (id: string, over: Partial<CallView> = {}): CallView =>
  ({ id, conversationId: `c${id}`, phase: 'active', held: 'no', peerName: id, ...over }) as unknown as CallView
const list = (revision: number, ...calls: CallView[]): Answer => ({ ok: true, value: { calls, revision } })
const wouldShow: Answer = { ok: false, code: 'address-would-show', params: {} }
let revision = 0
const announce = (...calls: CallView[]) => handleCalls({ revision: (revision += 1), calls })
const ids = () => callsNow().map(({ id }) => id)

beforeEach(async () => {
  answers.clear()
  await announce()
  asked.length = 0
})

describe('calls', () => {
  it('follow the events, and are read again after a gap', async () => {
    await announce(view('a'))
    expect(asked).toEqual([])
    answers.set('calls.list', [list(revision + 2, view('b'))])
    await handleCalls({ revision: (revision += 2), calls: [view('a'), view('b')] })
    expect(asked).toEqual([['calls.list', {}]])
    expect(ids()).toEqual(['b'])
  })

  it('are not set back by an old event or an answer that was overtaken', async () => {
    await announce(view('new'))
    await handleCalls({ revision: revision - 1, calls: [] })
    answers.set('calls.list', [list(revision - 1)])
    await loadCalls()
    expect(ids()).toEqual(['new'])
  })

  it('name the one that is heard', () => {
    const held = view('held', { held: 'by-us' })
    const ringing = view('ringing', { phase: 'incoming' })
    expect(currentCall([ringing, held, view('heard')])?.id).toBe('heard')
    expect(currentCall([ringing, held])?.id).toBe('held')
    expect(currentCall([ringing, view('over', { phase: 'ended' })])).toBeUndefined()
  })

  it('are heard one at a time', async () => {
    const ringing = view('ringing', { phase: 'incoming' })
    await announce(ringing, view('heard'), view('held', { held: 'by-both' }))
    await acceptCall(ringing, false)
    expect(asked).toEqual([
      ['calls.setHeld', { callId: 'heard', held: true }],
      ['calls.accept', { callId: 'ringing', video: false }],
    ])
  })

  it('are heard again when the other one could not be taken', async () => {
    const ringing = view('ringing', { phase: 'incoming' })
    await announce(ringing, view('heard'))
    answers.set('calls.accept', [wouldShow])
    await acceptCall(ringing, true)
    await vi.waitFor(() => expect(asked.at(-1)).toEqual(['calls.setHeld', { callId: 'heard', held: false }]))
  })

  it('that would show the address are made only after the question', async () => {
    const request = { conversationId: 'c' as ConversationId, name: 'Bob', video: true }
    answers.set('calls.place', [wouldShow])
    await placeCall(request)
    answerAddress({ kind: 'place', name: 'Bob', request }, false)
    expect(asked).toEqual([['calls.place', { conversationId: 'c', video: true }]])
    answerAddress({ kind: 'place', name: 'Bob', request }, true)
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    expect(asked[1]).toEqual(['calls.place', { conversationId: 'c', video: true, showAddress: true }])
  })

  it('that ended meanwhile are not accepted after the question', async () => {
    await announce()
    answerAddress({ kind: 'accept', name: 'Bob', callId: 'gone' as CallId, video: false }, true)
    expect(asked).toEqual([])
  })
})
