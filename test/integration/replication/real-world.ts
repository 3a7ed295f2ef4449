/**
 * Devices of one account with histories on disk, a server in memory and a bad network, all from one seed: people write, edit, delete, read, call and
 * set; programs end at any call; in the end all show the same, nothing acknowledged is lost, nothing erased is anywhere.
 */
import { expect } from 'vitest'
import type { Entry, EntryBody } from '#shared/model/entry.ts'
import type { Aor, MessageId, SearchId } from '#shared/model/ids.ts'
import { alice, bob, conversationWith, EntryMaker, eve } from '#test/integration/history/history-fixture.ts'
import { HistoryDevice, SharedServer } from './two-histories.ts'
import { seeded } from './world.ts'

class Ended extends Error {}
const ownDevice = { authenticatedBy: 'own-device', verified: true } as const
const syncs = 4

interface Person {
  readonly device: HistoryDevice
  readonly make: EntryMaker
}

export class RealWorld {
  readonly #random: () => number
  readonly #server = new SharedServer()
  readonly #people: Person[] = []
  /** Texts that were acknowledged, by the message that carries them. */
  readonly #said = new Map<string, { readonly text: string; readonly author: Aor }>()
  /** Texts that nobody may have any more. */
  readonly #erased: string[] = []
  #count = 0
  #isCalm = false

  constructor(seed: number) {
    this.#random = seeded(seed)
    const devices = 2 + this.#pick(2)
    for (let i = 0; i < devices; i += 1) {
      const device = new HistoryDevice(this.#server, `device ${i} ${seed}`)
      this.#people.push({ device, make: new EntryMaker(this.#server.now - 600_000 + i * 100_000) })
    }
  }

  async run(steps: number): Promise<void> {
    for (const { device } of this.#people) {
      this.#breakNetwork(device)
      await device.switchOn()
    }
    for (let step = 0; step < steps; step += 1) await this.#happen()
    this.#isCalm = true
    for (let round = 0; round < syncs; round += 1) for (const { device } of this.#people) await device.sync()
  }

  async check(): Promise<void> {
    const [first, ...others] = await Promise.all(this.#people.map(({ device }) => device.views()))
    for (const other of others) expect(other).toEqual(first)
    const shown = JSON.stringify(first)
    for (const { text } of this.#said.values()) expect(shown).toContain(text)
    const bodies = (await this.#server.bodies()).join('')
    for (const text of this.#erased)
      expect([text, shown.includes(text), bodies.includes(text)]).toEqual([text, false, false])
  }

  async remove(): Promise<void> {
    for (const { device } of this.#people) await device.remove()
  }

  get erasedCount(): number {
    return this.#erased.length
  }

  async #happen(): Promise<void> {
    const person = this.#any(this.#people)
    const what = this.#random()
    if (what < 0.45) await this.#say(person)
    else if (what < 0.6) await this.#change(person)
    else if (what < 0.7) await this.#set(person)
    else if (what < 0.76) await person.device.restart()
    else await this.#sync(person)
  }

  async #sync({ device }: Person): Promise<void> {
    try {
      await device.sync()
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      // As the program that ended in the middle of it.
      await device.restart()
    }
  }

  async #commit({ device }: Person, ...entries: readonly Entry[]): Promise<void> {
    await device.history.writer.commit({ entries })
  }

  async #say(person: Person): Promise<void> {
    const [id, text] = [`m${++this.#count}`, `words number ${this.#count} end`]
    const isOwn = this.#random() < 0.5
    const entry = isOwn ? person.make.outgoing(text, { id }) : person.make.incoming(text, { id })
    await this.#commit(person, entry)
    this.#said.set(id, { text, author: isOwn ? alice : bob })
  }

  /** Something about a message that anybody has. */
  async #change(person: Person): Promise<void> {
    const held = await this.#held(person)
    if (held === null) return this.#say(person)
    const { id, author } = held
    const { make } = person
    const kind = this.#pick(6)
    if (kind === 0) return this.#commit(person, make.read(id, author))
    if (kind === 1) return this.#edit(person, id, author)
    if (kind === 2) return this.#commit(person, make.delivery(id, 'displayed', bob))
    if (kind === 3) {
      const mark = { target: id as MessageId, targetAuthor: author, marked: this.#random() < 0.7, at: 1 }
      return this.#commit(person, this.#own(person, { kind: 'bookmark', ...withBob, ...mark }))
    }
    const said = this.#said.get(id)
    if (said === undefined) return
    const retraction = make.remove(id, author)
    const body = { ...retraction.body, ...(kind === 4 ? { gone: true as const } : {}) } as EntryBody
    await this.#commit(person, { ...retraction, body })
    this.#said.delete(id)
    // What it was before it was edited, too.
    this.#erased.push(said.text.replace(' edited', ''))
  }

  async #edit(person: Person, id: string, author: Aor): Promise<void> {
    const before = this.#said.get(id)
    if (before === undefined) return
    // The edits of one message by one device follow each other, but those of two do not: only one edits.
    if (before.text.includes('edited')) return
    const text = `${before.text} edited`
    const edit = person.make.edit(id, text, author)
    await this.#commit(person, { ...edit, head: { ...edit.head, ...ownDevice } })
    this.#said.set(id, { text, author })
  }

  async #set(person: Person): Promise<void> {
    const { make } = person
    const number = ++this.#count
    const kind = this.#pick(4)
    if (kind === 0) return this.#commit(person, make.contact({ name: `Eve ${number}`, policy: 'accepted' }, eve))
    if (kind === 1)
      return this.#commit(person, make.call({ id: `c${number}`, outcome: 'answered', durationMs: number }))
    const at = make.contact({}).head.observedAt
    if (kind === 2) {
      const searchId = `${'s'.repeat(20)}${number % 3}A` as SearchId
      const search = { kind: 'saved-search', searchId, name: `search ${number}`, query: '{}', at } as const
      return this.#commit(person, this.#own(person, search))
    }
    const timer = { messageId: `t${number}` as MessageId, expiresAfter: 3600 + number, sentAt: at, author: alice }
    return this.#commit(person, this.#own(person, { kind: 'timer', ...withBob, ...timer }))
  }

  #own({ make }: Person, body: EntryBody): Entry {
    return make.entry(body, ownDevice)
  }

  /** A message that this device shows. */
  async #held({ device }: Person): Promise<{ readonly id: string; readonly author: Aor } | null> {
    const { reader } = device.history
    const page = await reader.page({ conversationId: conversationWith(bob), anchor: { at: 'newest' }, limit: 50 })
    const messages = page.messages.filter(({ text, deleted }) => text !== '' && !deleted)
    const [one] = messages.length === 0 ? [] : [this.#any(messages)]
    return one === undefined ? null : { id: one.messageId, author: one.direction === 'outgoing' ? alice : bob }
  }

  /** Every call to the server may be lost before or after it was carried out, or be the last of its program. */
  #breakNetwork(device: HistoryDevice): void {
    device.through = (port) => {
      const call = async <T>(work: () => Promise<T>): Promise<T> => {
        if (!this.#isCalm && this.#random() < 0.07) throw new Ended()
        const answer = await work()
        if (!this.#isCalm && this.#random() < 0.07) throw new Ended()
        return answer
      }
      return {
        heads: () => call(() => port.heads()),
        page: (after) => call(() => port.page(after)),
        newest: (maxBytes) => call(() => port.newest(maxBytes)),
        push: (bytes, begins) => call(() => port.push(bytes, begins)),
      }
    }
    device.pageBytes = 2000
    device.newestFirst = { from: 2, bytes: 1500 }
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count)
  }

  #any<T>(list: readonly T[]): T {
    const one = list[this.#pick(list.length)]
    if (one === undefined) throw new Error('nothing to choose from')
    return one
  }
}

const withBob = { conversation: conversationWith(bob), peer: bob }

/** Runs a world for each seed; a failure names its own. Returns how much was erased in all of them. */
export async function runRealWorlds({
  first,
  seeds,
}: {
  readonly first: number
  readonly seeds: number
}): Promise<number> {
  let erased = 0
  for (let seed = first; seed < first + seeds; seed += 1) {
    const world = new RealWorld(seed)
    try {
      await world.run(60)
      await world.check()
      erased += world.erasedCount
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
    } finally {
      await world.remove()
    }
  }
  return erased
}
