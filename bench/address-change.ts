/**
 * From the moment a computer has another address until both sides hear each other again: the address is noticed, ICE is restarted by
 * two real gateways over loopback sockets, and packets run under the keys agreed before. Descriptions go from one gateway to the other
 * at once; a call adds one round trip of its signalling. Beside it, the same for a peer that would wait until consent has run out
 * (RFC 7675). Run: node bench/address-change.ts [--smoke]. Promise: at most 2 s.
 */
import { systemClock } from '#main/platform/system-clock.ts'
import { watchNetwork } from '#main/platform/network-watch.ts'
import { connectedPair, GatewayEnd, GatewayPair } from '#test/fakes/gateway-pair.ts'
import { MovingHost } from '#test/fakes/moving-host.ts'
import { ms, printFigures, quantile } from './support/figures.ts'

const smoke = process.argv.includes('--smoke')
const rounds = smoke ? 2 : 20
const promiseMs = 2_000
const consentMs = 30_000

const pause = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs))

/** Speaks as people do, 50 packets a second, until both have heard what is said from now on. */
async function bothHear({ caller, callee }: GatewayPair, mark: number): Promise<void> {
  const end = performance.now() + 30_000
  while (!(caller.heard.includes(mark) && callee.heard.includes(mark))) {
    if (performance.now() > end) throw new Error('nothing heard for 30 s')
    caller.say(mark)
    callee.say(mark)
    await pause(20)
  }
}

async function main(): Promise<void> {
  const host = new MovingHost(['127.0.0.51'])
  const pair = await connectedPair(
    async () => new GatewayPair(await GatewayEnd.open(host), await GatewayEnd.open(new MovingHost(['127.0.0.61']))),
  )
  while (pair.caller.keys === null || pair.callee.keys === null) await pause(20)
  await bothHear(pair, 0)
  let noticed: () => void = () => undefined
  pair.caller.gateway.onEvent((event) => {
    if (event.kind === 'restart-needed') noticed()
  })
  const stop = watchNetwork(systemClock, {
    changed: () => void pair.caller.gateway.networkChanged(),
    isUrgent: () => true,
    read: () => host.addresses.join(' '),
  })
  // The first look comes after the interval of those who do not talk.
  await pause(5_000)
  const samples: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    await pause(300 + Math.random() * 500)
    const isNoticed = new Promise<void>((resolve) => (noticed = resolve))
    const from = performance.now()
    host.addresses = [`127.0.0.${51 + (round % 2)}`]
    await isNoticed
    await pair.restart()
    await bothHear(pair, round)
    samples.push(performance.now() - from)
  }
  stop()
  pair.close()
  const worst = Math.max(...samples)
  printFigures(
    `Media back after an address change, ${rounds} changes`,
    [
      {
        what: 'both sides hear each other again',
        measured: `p50 ${ms(quantile(samples, 0.5))}, worst ${ms(worst)}`,
        besides: `waiting for consent to run out: ${ms(consentMs)}`,
        promise: `at most ${ms(promiseMs)}`,
        holds: smoke ? null : worst <= promiseMs,
      },
    ],
    smoke,
  )
}

await main()
