import { describe, expect, it } from 'vitest'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { OwnKeys } from './own-keys.ts'
import type { OwnKey } from './section.ts'

const packet = buildRtpPacket({ payloadType: 0, sequenceNumber: 1, timestamp: 1, ssrc: 7 }, new Uint8Array(20))
const isGone = ({ description: { key, salt }, sender }: OwnKey): boolean =>
  [...key, ...salt].every((byte) => byte === 0) && sender.protectRtp(packet) === 'key-used-up'
const isWhole = ({ description: { key, salt }, sender }: OwnKey): boolean =>
  [...key, ...salt].some((byte) => byte !== 0) && !sender.nearsEnd

describe('our SDES keys of a call', () => {
  it('are overwritten once no section has them', () => {
    const keys = new OwnKeys(new SeededRandom('own'))
    const [old, renewed] = [keys.fresh(null), keys.fresh(null)]
    keys.keepOnly([{ sdes: renewed, protecting: old }])
    expect([old, renewed].every(isWhole)).toBe(true)
    keys.keepOnly([{ sdes: renewed, protecting: renewed }])
    expect([isGone(old), isWhole(renewed)]).toEqual([true, true])
  })

  it('stay while one of several users has them, and under whatever tag', () => {
    const keys = new OwnKeys(new SeededRandom('own'))
    const key = keys.fresh(null)
    const retagged = keys.answering(key, { ...key.description, tag: 5 })
    expect([retagged.description.tag, retagged.sender === key.sender]).toEqual([5, true])
    keys.keepOnly([{ sdes: null }, { sdes: retagged }])
    expect(isWhole(key)).toBe(true)
    keys.keepOnly([{ sdes: null }])
    expect(isGone(key)).toBe(true)
  })

  it('of another suite take the place of the one that was offered', () => {
    const keys = new OwnKeys(new SeededRandom('own'))
    const offered = keys.fresh(null)
    const asked = { ...keys.fresh(null).description, suite: 'AEAD_AES_128_GCM' } as const
    const answering = keys.answering(offered, asked)
    keys.keepOnly([{ sdes: answering }])
    expect([isGone(offered), isWhole(answering)]).toEqual([true, true])
  })

  it('are all gone at the end', () => {
    const keys = new OwnKeys(new SeededRandom('own'))
    const made = [keys.fresh(null), keys.fresh(null)]
    keys.close()
    expect(made.every(isGone)).toBe(true)
  })
})
