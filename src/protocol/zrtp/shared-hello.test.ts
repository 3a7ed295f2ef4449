import { expect, it } from 'vitest'
import { CallEnd, SimulatedTime } from '#test/fakes/zrtp-call.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { hashChainOf } from './implicit.ts'

it('streams of a forked offer send one Hello, and the end of one takes nothing from the others', () => {
  // As the system's random bytes come: a slice of a Buffer is no copy.
  const chain = hashChainOf(Buffer.alloc(32, 7))
  const zid = new Uint8Array(12).fill(1)
  const end = (seed: string): CallEnd => new CallEnd(new SimulatedTime(), new SeededRandom(seed), { zid, chain })
  const [first, second] = [end('first'), end('second')]
  expect(second.stream.helloHash).toBe(first.stream.helloHash)
  first.stream.stop()
  expect([...chain.h0]).toEqual(Array<number>(32).fill(7))
  expect(end('third').stream.helloHash).toBe(second.stream.helloHash)
})
