/** Three people with five devices on a bad network, by a seed: what they write must end up everywhere, once and in order. */
import { expect } from 'vitest'
import type { MessageId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import { ChatDevice } from './chat-device.ts'
import { FakeClock } from './fake-clock.ts'
import { SeededRandom } from './seeded-random.ts'
import { FakeNetwork } from './signalling.ts'

const names = ['alice1', 'alice2', 'bob1', 'bob2', 'carol1'] as const
const steps = 40

/** What a seed did: every message with its author and order, and what should be left of it. */
interface Sent {
  readonly author: ChatDevice
  readonly peer: ChatDevice
  readonly text: string
}

/** What a device said that its person answers a message with from then on. */
interface Choice {
  readonly device: ChatDevice
  readonly messageId: MessageId
  readonly emojis: readonly string[]
}

const emojis = ['👍', '❤️', '😂'] as const

function ownReaction(device: ChatDevice, { reactions = [] }: MessageView): readonly string[] {
  return reactions.find(({ author }) => author === device.aor)?.emojis ?? []
}

class Story {
  readonly clock = new FakeClock()
  readonly random: SeededRandom
  readonly network: FakeNetwork
  readonly sent: Sent[] = []
  readonly choices: Choice[] = []
  readonly devices: readonly ChatDevice[]
  #count = 0

  constructor(seed: number) {
    this.random = new SeededRandom(`story ${seed}`)
    this.network = new FakeNetwork(this.clock, new SeededRandom(`network ${seed}`))
    const world = { clock: this.clock, network: this.network, seed: String(seed) }
    this.devices = names.map((name) => new ChatDevice(world, name.slice(0, -1), name.slice(-1)))
  }

  async begin(): Promise<void> {
    const { devices } = this
    for (const device of devices) await device.start()
    for (const one of devices) for (const other of devices) if (one.aor !== other.aor) await one.conversation(other)
  }

  async step(): Promise<void> {
    const device = this.devices[this.random.below(this.devices.length)]!
    const strangers = this.devices.filter((other) => other.aor !== device.aor)
    const peer = strangers[this.random.below(strangers.length)]!
    const dice = this.random.unit()
    if (dice < 0.45) await this.#send(device, peer)
    else if (dice < 0.6) await this.#react(device, peer)
    else if (dice < 0.7) device.signalling.goOffline()
    else if (dice < 0.8) device.signalling.goOnline()
    else if (dice < 0.88) await device.restart()
    else if (dice < 0.94) await this.#say(device, peer)
    else await device.readAll(peer)
    await this.clock.advance(this.random.below(3000))
  }

  async #send(author: ChatDevice, peer: ChatDevice): Promise<void> {
    const text = `${author.account.displayName} ${++this.#count}`
    await author.send(peer, text)
    this.sent.push({ author, peer, text })
  }

  /** Chooses another emoji for a message of either side, or takes one back that was chosen. */
  async #react(device: ChatDevice, peer: ChatDevice): Promise<void> {
    const messages = await device.messages(peer)
    const message = messages[this.random.below(messages.length)]
    if (message === undefined) return this.#send(device, peer)
    const { messageId, author } = message
    const held = ownReaction(device, message)
    const chosen = held.length === 0 || this.random.below(2) === 0
    const emoji = chosen ? emojis[this.random.below(emojis.length)]! : held[this.random.below(held.length)]!
    await device.chat.react({ conversationId: await device.conversation(peer), author, messageId, emoji, chosen })
    const after = (await device.messages(peer)).find((row) => row.messageId === messageId && row.author === author)!
    this.choices.push({ device, messageId, emojis: ownReaction(device, after) })
  }

  /** Something about a contact that the own other devices must hear of. */
  async #say(device: ChatDevice, peer: ChatDevice): Promise<void> {
    const conversationId = await device.conversation(peer)
    const dice = this.random.below(3)
    const text = `${device.account.displayName} says ${++this.#count}`
    if (dice === 0) await device.chat.keeping.say(conversationId, this.#flags())
    else await device.contacts.update({ conversationId, ...(dice === 1 ? { name: text } : { note: text }) })
  }

  #flags(): Partial<Record<'muted' | 'pinned' | 'archived', boolean>> {
    const flag = (['muted', 'pinned', 'archived'] as const)[this.random.below(3)] ?? 'muted'
    return { [flag]: this.random.below(2) === 0 }
  }

  async close(): Promise<void> {
    for (const device of this.devices) await device.close()
  }

  /** Good weather, everybody there, all the time that any retry could want. */
  async calmDown(): Promise<void> {
    this.network.weather = { loss: 0, duplication: 0, maxDelayMs: 10, maxStoreDelayMs: 10 }
    for (const device of this.devices) if (!device.signalling.online) device.signalling.goOnline()
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

/** What the user said about a contact: the name a peer gives itself is not among it. */
async function contactOf(device: ChatDevice, peer: ChatDevice): Promise<unknown> {
  const contact = (await device.contacts.list()).find(({ aor }) => aor === peer.aor)!
  const { conversations } = await device.chat.list()
  const muted = conversations.find((conversation) => conversation.peer === peer.aor)!.muted
  const { name, nameSource, note, policy } = contact
  return { name: nameSource === 'user' ? name : null, note, policy, muted }
}

/** Lets the story of `seed` happen and checks how it ends; `msrp` = with chat sessions. */
export async function tellStory(seed: number, msrp: boolean): Promise<void> {
  const story = new Story(seed)
  const { devices } = story
  try {
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
  } finally {
    await story.close()
  }
}

async function checkConversation(story: Story, device: ChatDevice, peer: ChatDevice): Promise<void> {
  const between = story.sent.filter(
    ({ author, peer: to }) =>
      (author.aor === device.aor && to.aor === peer.aor) || (author.aor === peer.aor && to.aor === device.aor),
  )
  const { devices } = story
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
  await checkReactions(story, device, peer)
  if (sibling === undefined) return
  expect(await statesOf(sibling, peer)).toEqual(await statesOf(device, peer))
  expect(await contactOf(sibling, peer)).toEqual(await contactOf(device, peer))
}

/** Both ends show the same emoji, and what the only device that chose any chose last. */
async function checkReactions(story: Story, device: ChatDevice, peer: ChatDevice): Promise<void> {
  const shown = (messages: readonly MessageView[]) =>
    messages.map(({ messageId, reactions = [] }) => `${messageId} ${JSON.stringify(reactions)}`).sort()
  const messages = await device.messages(peer)
  expect(shown(messages), 'reactions at both ends').toEqual(shown(await peer.messages(device)))
  for (const message of messages) {
    const chosen = story.choices.filter((choice) => choice.messageId === message.messageId)
    const own = chosen.filter((choice) => choice.device.aor === device.aor)
    if (own.length > 0 && own.every((choice) => choice.device === own[0]?.device))
      expect(ownReaction(device, message), 'what was chosen last').toEqual(own.at(-1)?.emojis)
  }
}
