import { describe, expect, it } from 'vitest'
import type { MediaArrival } from '#protocol/ice/agent.ts'
import type { IceBranch } from '#protocol/ice/ice-branch.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { CallEnd, SimulatedTime } from '#test/fakes/zrtp-call.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SectionPath } from '../network/section-path.ts'
import { PacketRouter } from './packet-router.ts'
import type { Section } from './section.ts'
import { ZrtpChannel } from './zrtp-channel.ts'

const described: DatagramAddress = { host: '192.0.2.7', port: 4000 }
const stranger: DatagramAddress = { host: '203.0.113.9', port: 666 }
const behindNat: DatagramAddress = { host: '198.51.100.4', port: 40_001 }

/** A section without ICE, and somebody who speaks ZRTP to it; `sentTo` is where its packets go. */
function setup({ announced }: { readonly announced: boolean }) {
  let sentTo: DatagramAddress | null = null
  const ice = {
    setPlainRemote: (_stream: number, component: number, to: DatagramAddress | null) => {
      if (component === 1) sentTo = to
      return true
    },
    pathOf: () => null,
  }
  const path = new SectionPath(ice as unknown as IceBranch, 0)
  const time = new SimulatedTime()
  const [own, peer] = [new CallEnd(time, new SeededRandom('own'), {}), new CallEnd(time, new SeededRandom('peer'), {})]
  const guard = { authenticates: false }
  const zrtp = new ZrtpChannel(own.stream)
  const section = { kind: 'audio', place: 0, path, zrtp, keying: { kind: 'clear' }, stream: { guard } }
  const router = new PacketRouter(
    () => [section as unknown as Section],
    () => undefined,
  )
  path.aim(described, { ...described, port: 4001 })
  zrtp.start(announced ? peer.stream.helloHash : null)
  peer.stream.start()
  const arrive = (bytes: Uint8Array, from: DatagramAddress): void =>
    router.fromNetwork({ stream: 0, component: 1, base: 1, bytes, from } as unknown as MediaArrival, true)
  return { arrive, guard, hello: peer.sent[0] ?? new Uint8Array(), sentTo: () => sentTo, time }
}

describe.each([true, false])('where packets go before there are keys (Hello announced: %s)', (announced) => {
  it('is not decided by what only looks like ZRTP', () => {
    const { arrive, hello, sentTo } = setup({ announced })
    const damaged = hello.slice()
    damaged[30] = (damaged[30] ?? 0) ^ 1
    for (const stray of [Uint8Array.of(0x10, 0, 0, 0), new Uint8Array(60).fill(0x10), damaged]) arrive(stray, stranger)
    expect(sentTo()).toEqual(described)
    arrive(hello, behindNat)
    expect(sentTo()).toEqual(behindNat)
  })

  it('is not decided for good by somebody who repeats a Hello', () => {
    const { arrive, hello, sentTo } = setup({ announced })
    arrive(hello, stranger)
    arrive(hello, behindNat)
    expect(sentTo()).toEqual(behindNat)
  })

  it('is not decided by ZRTP once there are keys', () => {
    const { arrive, guard, hello, sentTo } = setup({ announced })
    arrive(hello, behindNat)
    guard.authenticates = true
    arrive(hello, stranger)
    expect(sentTo()).toEqual(behindNat)
  })
})

it('a Hello that was not announced does not say where the other side is', () => {
  const { arrive, sentTo, time } = setup({ announced: true })
  const forger = new CallEnd(time, new SeededRandom('forger'), {})
  forger.stream.start()
  arrive(forger.sent[0] ?? new Uint8Array(), stranger)
  expect(sentTo()).toEqual(described)
})
