import { describe, expect, it } from 'vitest'
import type { CallView } from '#shared/model/calls.ts'
import type { ConversationView } from '#shared/model/views.ts'
import { toneFor } from './use-ringing.ts'

const view = (phase: CallView['phase'], over: object = {}): CallView =>
  ({ phase, conversationId: 'c', held: 'no', earlyMedia: false, ...over }) as unknown as CallView
const quiet = [{ id: 'c', muted: true }] as unknown as ConversationView[]

describe('ringing', () => {
  it('is heard for a call here, as a knock during another, and as ringback there', () => {
    expect(toneFor([view('incoming')], [])).toBe('incoming')
    expect(toneFor([view('incoming'), view('active')], [])).toBe('waiting')
    expect(toneFor([view('ringing')], [])).toBe('ringback')
  })

  it('is silent for muted conversations, early media, and everything else', () => {
    expect(toneFor([view('incoming')], quiet)).toBeNull()
    expect(toneFor([view('ringing', { earlyMedia: true })], [])).toBeNull()
    expect(toneFor([view('active'), view('ended'), view('calling')], [])).toBeNull()
    expect(toneFor([], [])).toBeNull()
  })
})
