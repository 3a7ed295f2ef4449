import { afterEach, describe, expect, it } from 'vitest'
import { ChatDevice } from '#test/fakes/chat-device.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeNetwork } from '#test/fakes/signalling.ts'

const names = ['alice1', 'alice2', 'bob1', 'bob2', 'carol1'] as const
const steps = 40
const devices: ChatDevice[] = []

afterEach(async () => {
  for (const device of devices.splice(0)) await device.close()
})

/** What a seed did: every message with its author and order, and what should be left of it. */
interface Sent {
  readonly author: ChatDevice
  readonly peer: ChatDevice
  readonly text: string
}

class Story {
  readonly clock = new FakeClock()
  readonly random: SeededRandom
  readonly network: FakeNetwork
  readonly sent: Sent[] = []
  #count = 0

  constructor(seed: number) {
    this.random = new SeededRandom(`story ${seed}`)
    this.network = new FakeNetwork(this.clock, new SeededRandom(`network ${seed}`))
    for (const name of names)
      devices.push(
        new ChatDevice(
          { clock: this.clock, network: this.network, seed: String(seed) },
          name.slice(0, -1),
          name.slice(-1),
        ),
      )
  }

  async begin(): Promise<void> {
    for (const device of devices) await device.start()
    for (const one of devices) for (const other of devices) if (one.aor !== other.aor) await one.conversation(other)
  }

  async step(): Promise<void> {
    const device = devices[this.random.below(devices.length)]!
    const strangers = devices.filter((other) => other.aor !== device.aor)
    const peer = strangers[this.random.below(strangers.length)]!
    const dice = this.random.unit()
    if (dice < 0.6) await this.#send(device, peer)
    else if (dice < 0.7) device.signalling.goOffline()
    else if (dice < 0.8) device.signalling.goOnline()
    else if (dice < 0.9) await device.restart()
    else await device.readAll(peer)
    await this.clock.advance(this.random.below(3000))
  }

  async #send(author: ChatDevice, peer: ChatDevice): Promise<void> {
    const text = `${author.account.displayName} ${++this.#count}`
    await author.send(peer, text)
    this.sent.push({ author, peer, text })
  }

  /** Good weather, everybody there, all the time that any retry could want. */
  async calmDown(): Promise<void> {
    this.network.weather = { loss: 0, duplication: 0, maxDelayMs: 10, maxStoreDelayMs: 10 }
    for (const device of devices) if (!device.signalling.online) device.signalling.goOnline()
    await this.clock.advance(1_500_000)
  }
}

/** Texts that `device` shows of its conversation with `peer`, by the author's address. */
async function textsBy(device: ChatDevice, peer: ChatDevice): Promise<Record<string, string[]>> {
  const texts: Record<string, string[]> = {}
  for (const { author, text } of await device.messages(peer)) (texts[author] ??= []).push(text)
  return texts
}

async function statesOf(device: ChatDevice, peer: ChatDevice): Promise<readonly string[]> {
  return (await device.messages(peer)).map(({ author, text, state }) => `${author} ${text} ${state}`).sort()
}

describe('chat on a bad network', () => {
  it.each(Array.from({ length: 6 }, (_, seed) => [seed, seed % 2 === 1] as const))(
    'seed %i (sessions: %s): every message once, in order, the same on all devices',
    async (seed, msrp) => {
      const story = new Story(seed)
      story.network.msrp = msrp
      await story.begin()
      for (const device of devices) device.chat.activity({ conversationId: null, focused: story.random.unit() < 0.5 })
      story.network.weather = { loss: 0.2, duplication: 0.2, maxDelayMs: 300, maxStoreDelayMs: 900 }
      for (let step = 0; step < steps; step++) await story.step()
      await story.calmDown()
      for (const device of devices) {
        expect(await device.pendingJobs(), `jobs of ${device.account.displayName}`).toBe(0)
        for (const peer of devices.filter((other) => other.aor !== device.aor))
          await checkConversation(story, device, peer)
      }
    },
  )
})

async function checkConversation(story: Story, device: ChatDevice, peer: ChatDevice): Promise<void> {
  const between = story.sent.filter(
    ({ author, peer: to }) =>
      (author.aor === device.aor && to.aor === peer.aor) || (author.aor === peer.aor && to.aor === device.aor),
  )
  const shown = await textsBy(device, peer)
  expect(Object.values(shown).flat().sort(), 'once each').toEqual(between.map(({ text }) => text).sort())
  const sibling = devices.find((other) => other.aor === device.aor && other !== device)
  // What one device took over a session reaches its sibling when that device can send: late, if it went away meanwhile.
  const ordered = sibling === undefined || !story.network.msrp
  // In order as each device wrote them: two devices of a person write side by side.
  for (const author of ordered ? devices : []) {
    const wrote = between.filter((sent) => sent.author === author).map(({ text }) => text)
    const seen = (shown[author.aor] ?? []).filter((text) => wrote.includes(text))
    expect(
      seen,
      `order of ${author.account.displayName} at ${device.account.displayName} ${devices.indexOf(device)}`,
    ).toEqual(wrote)
  }
  if (sibling !== undefined) expect(await statesOf(sibling, peer)).toEqual(await statesOf(device, peer))
}
