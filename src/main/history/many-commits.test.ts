import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { ManyCommits } from './many-commits.ts'

describe('what many commits changed', () => {
  let clock: FakeClock
  let announced: number[]
  let many: ManyCommits

  beforeEach(() => {
    clock = new FakeClock()
    announced = []
    many = new ManyCommits(clock, () => announced.push(clock.monotonic()))
  })

  it('is announced soon, and then once a second', async () => {
    const from = clock.monotonic()
    for (let at = 0; at < 3000; at += 10) {
      many.announceLater()
      await clock.advance(10)
    }
    await clock.advance(5000)
    expect(announced.map((at) => at - from)).toEqual([50, 1050, 2050, 3050])
    expect(many.isWaiting).toBe(false)
    many.announceLater()
    await clock.advance(50)
    expect(announced).toHaveLength(5)
  })

  it('needs no word of its own once everybody reads again', async () => {
    many.announceLater()
    expect(many.isWaiting).toBe(true)
    many.stopWaiting()
    await clock.advance(5000)
    expect([announced, many.isWaiting]).toEqual([[], false])
  })
})
