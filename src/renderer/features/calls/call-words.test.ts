import { beforeAll, describe, expect, it } from 'vitest'
import { locales, startI18n, type TextKey } from '#renderer/i18n/i18n.ts'
import type { CallReaders, CallRecordView, CallView } from '#shared/model/calls.ts'
import { clockTime, endSentence, isMissed, mayRedial, phaseWords, readersSentence, recordWords } from './call-words.ts'
import { sasPieces, spokenSas } from './spelling.ts'

beforeAll(() => startI18n('en'))
/** The English texts, without the library. */
const t = (key: TextKey, params: Readonly<Record<string, string | number>> = {}): string => {
  const text = key.split('.').reduce<unknown>((tree, part) => (tree as Record<string, unknown>)[part], locales.en)
  return String(text).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(params[name]))
}
const view = (over: object = {}): CallView =>
  ({
    ...{ peerName: 'Bob', phase: 'active', held: 'no', video: false, end: null },
    ...{ security: { readers: 'only-us', sas: null }, ...over },
  }) as unknown as CallView
const readers = (kind: CallReaders, sas: unknown = null) =>
  readersSentence(t, view({ security: { readers: kind, sas } }))

describe('words of a call', () => {
  it('say who can follow it in one true sentence for every state', () => {
    expect(readers('only-us')).toBe('Only you and Bob can follow this call.')
    expect(readers('us-unless-middle')).toMatch(/in the middle: compare four letters\.$/)
    expect(readers('us-unless-middle', { kind: 'words', text: 'a b' })).toMatch(/compare two words\.$/)
    expect(readers('servers-could')).toMatch(/could step in between/)
    expect(readers('servers-can')).toMatch(/servers that carry the signalling can/)
    expect(readers('anyone')).toMatch(/^Anyone/)
    expect(readers('securing')).toMatch(/nothing of you leaves/)
  })

  it('name the phase, and hold before the clock', () => {
    expect(phaseWords(t, view())).toBeNull()
    expect(phaseWords(t, view({ held: 'by-peer' }))).toBe('Bob has put you on hold')
    expect(phaseWords(t, view({ phase: 'incoming', video: true }))).toBe('Incoming video call')
    expect(phaseWords(t, view({ phase: 'ringing' }))).toBe('Ringing there')
  })

  it('hide a name that is not known yet', () => {
    expect(endSentence(t, view({ peerName: '', end: 'missed' }))).toMatch(/from Someone/)
  })

  it('lead back from a blocked downgrade with our own keys, not with theirs', () => {
    expect(mayRedial(view({ end: 'downgrade-blocked', direction: 'incoming' }))).toBe(true)
    expect(mayRedial(view({ end: 'downgrade-blocked', direction: 'outgoing' }))).toBe(false)
    expect(mayRedial(view({ end: 'no-answer', direction: 'outgoing' }))).toBe(true)
    expect(endSentence(t, view({ end: 'downgrade-blocked' }))).toMatch(/weaker keys than you had compared/)
  })

  it('tell calls of the history apart by direction', () => {
    const record = (outcome: CallRecordView['outcome'], video = false): CallRecordView => ({
      outcome,
      video,
      durationMs: 0,
      readers: 'only-us',
    })
    expect(recordWords(t, record('missed', true), 'incoming')).toBe('Missed video call')
    expect(recordWords(t, record('missed', true), 'outgoing')).toBe('No answer')
    expect(recordWords(t, record('answered'), 'outgoing')).toBe('Outgoing call')
    expect(recordWords(t, record('cancelled'), 'incoming')).toBe('Missed call')
    expect(isMissed(record('cancelled'), 'incoming')).toBe(true)
    expect(isMissed(record('missed'), 'outgoing')).toBe(false)
  })

  it('show time as a clock does', () => {
    expect([-5, 7_900, 750_000, 3_723_000].map(clockTime)).toEqual(['0:00', '0:07', '12:30', '1:02:03'])
  })
})

describe('spelling', () => {
  it('makes letters into words and leaves words alone', () => {
    expect(spokenSas({ kind: 'letters', text: 'k4yx' })).toBe('Kilo, 4, Yankee, X-ray')
    expect(spokenSas({ kind: 'words', text: 'stairway  vacancy' })).toBe('stairway, vacancy')
    expect(sasPieces({ kind: 'letters', text: ' ab 1d' })).toEqual(['a', 'b', '1', 'd'])
  })
})
