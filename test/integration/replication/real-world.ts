/**
 * Devices of one account with histories on disk, a server in memory and a bad network, all from one seed: people write, edit, delete, read, call and
 * set; programs end at any call; in the end all show the same, nothing acknowledged is lost, nothing erased is anywhere.
 */
import { expect } from 'vitest'
import type { Entry, EntryBody } from '#shared/model/entry.ts'
import type { Aor, MessageId, SearchId } from '#shared/model/ids.ts'
import { alice, bob, conversationWith, EntryMaker, eve } from '#test/integration/history/history-fixture.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import type { ReplicaFault } from '#main/replication/faults.ts'
import { retentionDays } from '#main/replication/judge.ts'
import type { MessageView } from '#shared/model/views.ts'
import { HistoryDevice, SharedServer, type HistoryViews } from './two-histories.ts'
import { seeded } from './world.ts'

class Ended extends Error {}
const ownDevice = { authenticatedBy: 'own-device', verified: true } as const
const syncs = 6
const dayMs = 86_400_000

/** What happens beside loss and programs that end. */
export type Trouble = 'none' | 'rollback' | 'restored-disk' | 'cloned-disk' | 'wrong-clocks' | 'away'

interface Person {
  readonly name: string
  readonly device: HistoryDevice
  make: EntryMaker
  /** Messages of which something is here that no server has confirmed, with the number of the newest change. */
  readonly unconfirmed: Map<string, number>
  /** What of these is on the disk that was kept; null = none was. */
  kept: ReadonlyMap<string, number> | null
  /** Its disk was set back behind what the server has of it: it has to find out. */
  mustStop: boolean
  /** Away for longer than a server keeps anything. */
  wasAway: boolean
}

interface Held {
  readonly id: string
  readonly author: Aor
  /** Its position. */
  readonly place: number
}

/** How often what happened in a world. */
export interface WorldCounts {
  readonly erased: number
  readonly rolledBack: number
  /** Disks that were set back or copied, and devices that found out. */
  readonly restored: number
  readonly stopped: number
  readonly jumps: number
  readonly absences: number
}

export class RealWorld {
  readonly #trouble: Trouble
  readonly #random: () => number
  readonly #server = new SharedServer()
  readonly #people: Person[] = []
  /** Texts that were acknowledged, by the message that carries them. */
  readonly #said = new Map<string, { readonly text: string; readonly author: Aor }>()
  /** Texts that nobody may have any more, by the message that carried them. */
  readonly #erased = new Map<string, string>()
  readonly #found: ReplicaFault[] = []
  readonly counts = { erased: 0, rolledBack: 0, restored: 0, stopped: 0, jumps: 0, absences: 0 }
  #backup: (() => void) | null = null
  #count = 0
  #isCalm = false

  constructor(seed: number, trouble: Trouble = 'none') {
    this.#random = seeded(seed)
    this.#trouble = trouble
    const devices = 2 + this.#pick(2)
    for (let i = 0; i < devices; i += 1)
      this.#add(new HistoryDevice(this.#server, `device ${i} ${seed}`), `${i} ${seed}`)
  }

  async run(steps: number): Promise<void> {
    for (const { device } of this.#people) await device.switchOn()
    for (let step = 0; step < steps; step += 1) await this.#happen()
    this.#isCalm = true
    for (const { device } of this.#people) device.skew = 0
    for (let round = 0; round < syncs; round += 1) for (const person of this.#people) await this.#sync(person)
  }

  async check(): Promise<void> {
    const here = this.#people.filter(({ wasAway }) => !wasAway)
    const [first, ...others] = await Promise.all(here.map(async ({ device }) => placeless(await device.views())))
    for (const other of others) expect(other).toEqual(first)
    const shown = JSON.stringify(first)
    for (const { text } of this.#said.values()) expect(shown).toContain(text)
    const bodies = (await this.#server.bodies()).join('')
    // A device whose clock is years ahead forgets under which number the server has what: it stays there, sealed, for its 60 days.
    const forgotten = this.#trouble === 'wrong-clocks' ? '' : bodies
    for (const text of this.#erased.values())
      expect([text, shown.includes(text), forgotten.includes(text)]).toEqual([text, false, false])
    await this.#checkAway(bodies)
    expect(this.#people.filter(({ mustStop }) => mustStop)).toEqual([])
    expect(this.#found.filter((fault) => !this.#mayBe(fault))).toEqual([])
  }

  /** Who was away has everything that was still there. */
  async #checkAway(bodies: string): Promise<void> {
    // An edit may be there longer than what it edits.
    const isThere = (text: string): boolean => new RegExp(`${text.replace(' edited', '')}(?! edited)`).test(bodies)
    const stored = [...this.#said.values()].filter(({ text }) => bodies.includes(text) && isThere(text))
    for (const { device } of this.#people.filter(({ wasAway }) => wasAway)) {
      const shown = JSON.stringify(await device.views())
      for (const { text } of stored) expect(shown).toContain(text)
    }
  }

  async remove(): Promise<void> {
    for (const { device } of this.#people) await device.remove()
  }

  #add(device: HistoryDevice, name: string, unconfirmed: Person['unconfirmed'] = new Map()): void {
    const more = { kept: null, mustStop: false, wasAway: false, unconfirmed: new Map(unconfirmed) }
    const make = new EntryMaker(this.#server.now - 600_000 + this.#people.length * 100_000)
    this.#breakNetwork(device)
    this.#people.push({ name, device, make, ...more })
  }

  /** An honest server gives no reason for any other. */
  #mayBe({ kind }: ReplicaFault): boolean {
    if (this.#trouble === 'rollback' && this.counts.rolledBack > 0)
      return ['rolled-back', 'withheld', 'body-withheld'].includes(kind)
    // Which of two copies goes on, the server decides; for the other its own history is forked.
    return this.counts.restored > 0 && ['ahead', 'forked'].includes(kind)
  }

  async #happen(): Promise<void> {
    const person = this.#any(this.#people)
    if (this.#trouble !== 'none' && this.#random() < 0.06) return this.#meet(person)
    const what = this.#random()
    if (what < 0.45) await this.#say(person)
    else if (what < 0.6) await this.#change(person)
    else if (what < 0.7) await this.#set(person)
    else if (what < 0.76) await person.device.restart()
    else await this.#sync(person)
  }

  async #meet(person: Person): Promise<void> {
    if (this.#trouble === 'rollback') this.#rollBack()
    else if (this.#trouble === 'restored-disk') await this.#setBackDisk(person)
    else if (this.#trouble === 'cloned-disk') await this.#cloneDisk(person)
    else if (this.#trouble === 'wrong-clocks') this.#jump(person)
    else if (this.#trouble === 'away') await this.#leave(person, this.#random() < 0.5 ? 61 : 400)
  }

  #rollBack(): void {
    if (this.#backup !== null) this.counts.rolledBack += 1
    this.#backup?.()
    this.#backup = this.#backup === null ? this.#server.store.backup() : null
  }

  async #setBackDisk(person: Person): Promise<void> {
    const { device, kept, unconfirmed } = person
    if (kept === null) {
      await device.keepDisk()
      person.kept = new Map(unconfirmed)
      return
    }
    await device.setBackDisk()
    person.kept = null
    this.counts.restored += 1
    // What no server had is lost with the disk.
    for (const [id, change] of unconfirmed) if (kept.get(id) !== change) this.#forget(id)
    unconfirmed.clear()
    for (const [id, change] of kept) unconfirmed.set(id, change)
    const head = (await this.#server.store.heads(alice)).find((one) => toHex(one.device) === toHex(device.id))
    person.mustStop = (head?.seq ?? 0) > ((await device.journal()).own()?.seq ?? 0)
  }

  /** Whether it was said or erased, nobody can tell. */
  #forget(id: string): void {
    this.#said.delete(id)
    this.#erased.delete(id)
  }

  async #cloneDisk(person: Person): Promise<void> {
    if (this.counts.restored > 0) return
    this.counts.restored += 1
    const copy = await person.device.clone(`copy of ${person.name}`)
    this.#add(copy, `copy of ${person.name}`, person.unconfirmed)
  }

  #jump(person: Person): void {
    this.counts.jumps += 1
    person.device.skew = (this.#pick(9) - 4) * 365 * dayMs
    // No two devices see something in the same millisecond.
    person.make = new EntryMaker(person.device.now + this.#people.indexOf(person) * 100_000)
  }

  /** The others go on, and a server keeps 60 days. */
  async #leave(person: Person, days: number): Promise<void> {
    if (person.wasAway || this.#people.filter(({ wasAway }) => !wasAway).length < 2) return
    this.counts.absences += 1
    person.wasAway = true
    const others = this.#people.filter(({ wasAway }) => !wasAway)
    this.#isCalm = true
    for (const each of others) await this.#sync(each)
    for (let part = 0; part < 8; part += 1) {
      this.#pass((days / 8) * dayMs)
      for (const each of others) {
        await this.#say(each)
        await this.#change(each)
      }
      for (const each of [...others, ...others]) await this.#sync(each)
    }
    this.#isCalm = false
    await person.device.history.writer.replica.refreshStanding(alice)
  }

  #pass(ms: number): void {
    this.#server.now += ms
    void this.#server.store.dropBefore(Math.floor(this.#server.now / dayMs) - retentionDays)
    for (const [index, each] of this.#people.entries())
      each.make = new EntryMaker(each.device.now - 600_000 + index * 100_000)
  }

  async #sync(person: Person): Promise<void> {
    const { device, unconfirmed } = person
    try {
      const { faults, stopped } = await device.run()
      this.#found.push(...faults)
      if (stopped) await this.#rejoin(person)
      else unconfirmed.clear()
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      // As the program that ended in the middle of it.
      await device.restart()
    }
  }

  /** A device that may not go on under its id has said so. */
  async #rejoin(person: Person): Promise<void> {
    const faults = await (await person.device.journal()).faults()
    expect(faults.map(({ kind }) => kind)).toEqual(expect.arrayContaining([expect.stringMatching(/^(ahead|forked)$/)]))
    this.counts.stopped += 1
    person.mustStop = false
    person.kept = null
    await person.device.rejoin(`${person.name} again ${this.counts.stopped}`)
  }

  async #commit({ device, unconfirmed }: Person, ...entries: readonly Entry[]): Promise<void> {
    await device.history.writer.commit({ entries })
    for (const { body } of entries) {
      if ('messageId' in body) unconfirmed.set(body.messageId, ++this.#count)
      if ('target' in body) unconfirmed.set(body.target, ++this.#count)
    }
  }

  async #say(person: Person): Promise<void> {
    const [id, text] = [`m${++this.#count}`, `words number ${this.#count} end`]
    const isOwn = this.#random() < 0.5
    const entry = isOwn ? person.make.outgoing(text, { id }) : person.make.incoming(text, { id })
    await this.#commit(person, entry)
    this.#said.set(id, { text, author: isOwn ? alice : bob })
    // The servers give what comes in to every device that is there.
    const other = this.#any(this.#people)
    if (isOwn || other === person || this.#random() < 0.5) return
    await this.#commit(other, other.make.entry(entry.body))
  }

  /** Something about a message that anybody has. */
  async #change(person: Person): Promise<void> {
    const held = await this.#held(person)
    if (held === null) return this.#say(person)
    const { id, author, place } = held
    const { make } = person
    const kind = this.#pick(6)
    if (kind === 0) {
      await this.#commit(person, make.read(id, author))
      return this.#react(person, { target: id as MessageId, targetAuthor: author })
    }
    if (kind === 1) return this.#edit(person, id, author)
    if (kind === 2) return this.#commit(person, make.delivery(id, 'displayed', bob))
    if (kind === 3) {
      const mark = { target: id as MessageId, targetAuthor: author, marked: this.#random() < 0.7, at: 1 }
      return this.#commit(person, this.#own(person, { kind: 'bookmark', ...withBob, ...mark }))
    }
    const said = this.#said.get(id)
    if (said === undefined) return
    const retraction = make.remove(id, author)
    const body = {
      ...retraction.body,
      ...(kind === 4 || author === bob ? { gone: true as const, place } : {}),
    } as EntryBody
    await this.#commit(person, { ...retraction, body })
    this.#said.delete(id)
    // What it was before it was edited, too.
    this.#erased.set(id, said.text.replace(' edited', ''))
    this.counts.erased += 1
  }

  /** Either side chooses something else, or nothing any more; what the servers carry may be seen by more than one device. */
  async #react(person: Person, about: { readonly target: MessageId; readonly targetAuthor: Aor }): Promise<void> {
    const number = ++this.#count
    const [author, messageId] = [number % 2 === 0 ? alice : bob, `r${number}` as MessageId]
    const emojis = ['👍', '❤️ 👍', '😂', ''][number % 4] ?? ''
    const sentAt = person.make.contact({}).head.observedAt - (number % 3) * 1000
    const body = { kind: 'reaction', ...withBob, author, messageId, ...about, emojis, sentAt } as const
    await this.#commit(person, person.make.entry(body))
    const other = this.#people[number % this.#people.length]
    if (other !== undefined && other !== person) await this.#commit(other, other.make.entry(body))
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
  async #held({ device }: Person): Promise<Held | null> {
    const { reader } = device.history
    const page = await reader.page({ conversationId: conversationWith(bob), anchor: { at: 'newest' }, limit: 50 })
    const messages = page.messages.filter(({ text, deleted }) => text !== '' && !deleted)
    const [one] = messages.length === 0 ? [] : [this.#any(messages)]
    if (one === undefined) return null
    return { id: one.messageId, author: one.direction === 'outgoing' ? alice : bob, place: one.position }
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

/** What a deleted message leaves stands where each device saw it first: of one that is gone nobody says when it came. */
function placeless({ messages, ...rest }: HistoryViews): unknown {
  const isDeleted = ({ deleted }: MessageView): boolean => deleted
  const left = messages.filter(isDeleted).map(({ key }) => key)
  return { ...rest, messages: messages.filter((message) => !isDeleted(message)), left: left.sort() }
}

const withBob = { conversation: conversationWith(bob), peer: bob }
