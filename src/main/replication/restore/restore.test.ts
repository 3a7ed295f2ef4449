import { beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { nameOfDevice, type KnownChain } from '#shared/identity/chain-ports.ts'
import { placeOfLink } from '#shared/identity/read-chain.ts'
import type { AccountId } from '#shared/model/ids.ts'
import { openPaper } from '#main/identity/paper-in-use.ts'
import { paperWords } from '#main/identity/paper-words.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'
import { alice, ChainDevice, ChainServer } from '#test/fakes/chain-devices.ts'
import type { ConnectReplica, ReplicaClientPort } from '../client-ports.ts'
import { loadEpochs } from '../epoch-store.ts'
import { Restores, type FoundServer } from './restores.ts'

const clock = { now: () => Date.UTC(2027, 0, 1) }
const accountId = 'a'.repeat(22) as AccountId
const address = { host: 'history.example.org', port: 8443, spkiPins: [] }

let server: ChainServer
let ann: ChainDevice
let words: Uint8Array
let fresh: ChainDevice
let closed: number
let taken: number

type Client = Pick<ReplicaClientPort, 'links' | 'addLink' | 'boxes'>

/** As a replica lets the paper key and devices ask; `over` = what it does otherwise. */
function connecting(over: (client: Client) => Partial<Client> = () => ({})): ConnectReplica {
  return (_account, _address, { by }) => {
    const whole = server.clientOf(() => (by === 'paper' ? new Uint8Array() : by))
    const boxes: Client['boxes'] = (of) =>
      of === 'paper' ? Promise.resolve(server.boxes.filter(({ recipient }) => recipient === 'paper')) : whole.boxes()
    const client = { ...whole, boxes }
    return { ...client, ...over(client), close: () => (closed += 1) } as unknown as ReplicaClientPort
  }
}

function restores(connect = connecting(), isHere = false): Restores {
  const { chains } = fresh.identity
  return new Restores<FoundServer>({
    ...{ connect, chains, secrets: fresh.secrets, random: fresh.random, openPaper },
    isHere: () => isHere,
    find: () => Promise.resolve({ address }),
    take: () => {
      taken += 1
      return Promise.resolve(accountId)
    },
  })
}

const question = (typed: Uint8Array) => ({
  ...{
    aor: alice,
    displayName: '',
    words: typed,
    password: null,
    branch: null,
    replica: null,
    transport: null,
    server: null,
  },
})
const namesOf = (chain: KnownChain) => [...chain.state.devices.keys()].map((id) => nameOfDevice(chain, id))
const keyOf = (link: Uint8Array): string => placeOfLink(link, nodeVerifier)!.hash
const nothingTaken = async () => {
  expect([taken, await fresh.identity.chains.known(alice), fresh.stored.size]).toEqual([0, null, 0])
}

beforeEach(async () => {
  ;[closed, taken] = [0, 0]
  server = new ChainServer()
  ann = await new ChainDevice(server, 1, clock).create()
  words = await ann.identity.showPaperSecret({ accountId })
  await ann.look()
  fresh = new ChainDevice(server, 2, clock)
})

describe('restoring from the paper secret', () => {
  it('joins the same identity, with every key that the paper opens and a new epoch', async () => {
    const before = (await ann.identity.chains.known(alice))!.state
    expect(await restores().begin(question(words))).toEqual({ kind: 'restored', accountId })
    const chain = (await fresh.identity.chains.known(alice))!
    const { state } = chain
    expect(state.identity).toBe(before.identity)
    expect(namesOf(chain)).toEqual(['device 1', 'device 2'])
    expect(state.epoch).toBe(before.epoch + 1)
    const { keys } = await loadEpochs(fresh.secrets, alice)
    expect([...keys.keys()]).toEqual([before.epoch, before.epoch + 1])
    expect([taken, closed]).toEqual([1, 2])
    expect((await ann.look()).state.head).toBe(state.head)
    expect((await (await fresh.start()).look()).fork).toBeNull()
  })

  it.each([
    ['only eleven of them', 'paper-words-count', { count: 11 }],
    [null, 'paper-word-unknown', { position: 3 }],
  ])('says where words are wrong before it asks anybody (%s)', async (_what, code, params) => {
    const right = new TextDecoder().decode(words).split(' ')
    const typed = code === 'paper-words-count' ? right.slice(1) : right.map((word, at) => (at === 2 ? 'zzzz' : word))
    const asked = restores().begin(question(utf8(typed.join(' '))))
    await expect(asked).rejects.toMatchObject({ code, params })
    expect(closed).toBe(0)
  })

  it('says so when words that exist are no paper secret together', async () => {
    const asked = restores().begin(question(utf8(`${'abandon '.repeat(11)}zoo`)))
    await expect(asked).rejects.toMatchObject({ code: 'paper-words-wrong' })
  })

  it('says so when the server knows nothing that the words open', async () => {
    const blind = connecting(() => ({ links: () => Promise.resolve(null) }))
    await expect(restores(blind).begin(question(words))).rejects.toMatchObject({ code: 'restore-nothing' })
    await nothingTaken()
  })

  it('takes no other identity for the one on the paper', async () => {
    const eve = new ChainServer()
    const other = await new ChainDevice(eve, 9, clock).create()
    await other.look()
    const foreign = connecting(() => ({ links: () => Promise.resolve(eve.links) }))
    await expect(restores(foreign).begin(question(words))).rejects.toMatchObject({ code: 'restore-other-identity' })
    const paper = utf8(paperWords(new Uint8Array(16)).join(' '))
    await expect(restores().begin(question(paper))).rejects.toMatchObject({ code: 'restore-other-identity' })
    await nothingTaken()
  })

  it('is not led astray by another link 0 beside the right one', async () => {
    const other = await new ChainDevice(new ChainServer(), 9, clock).create()
    const strange = (await other.identity.chains.known(alice))!.links[0]!
    const both = connecting(({ links }) => ({ links: async () => [strange, ...((await links()) ?? [])] }))
    await restores(both).begin(question(words))
    expect((await fresh.identity.chains.known(alice))!.state.identity).toBe(
      (await ann.identity.chains.known(alice))!.state.identity,
    )
  })

  it('changes nothing while the chain is forked, and shows both versions', async () => {
    const sign = (name: string) => ann.identity.chains.sign(alice, { kind: 'rename', target: ann.id, name })
    server.links.push(await sign('One'), await sign('Two'))
    const count = server.links.length
    const answer = await restores().begin(question(words))
    if (answer.kind !== 'forked') throw new Error('it is not shown')
    expect(answer.branches.map(({ changes }) => changes[0]?.newName).sort()).toEqual(['One', 'Two'])
    expect(server.links).toHaveLength(count)
    await nothingTaken()
    const { key } = answer.branches.find(({ changes }) => changes[0]?.newName === 'Two')!
    expect(await restores().begin({ ...question(words), branch: key })).toMatchObject({ kind: 'restored' })
    const chain = (await fresh.identity.chains.known(alice))!
    expect(chain.fork).toBeNull()
    expect(namesOf(chain)).toEqual(['Two', 'device 2'])
    expect((await ann.look()).state.head).toBe(chain.state.head)
  })

  it('joins no other version than the picked one when the server shows only that', async () => {
    const sign = (name: string) => ann.identity.chains.sign(alice, { kind: 'rename', target: ann.id, name })
    const [trunk, one, two] = [[...server.links], await sign('One'), await sign('Two')]
    const key = keyOf(two)
    const added: Uint8Array[] = []
    let shown = [trunk, [...trunk, one]]
    const hiding = connecting(() => ({
      links: () => Promise.resolve(shown.shift() ?? [...trunk, one]),
      addLink: (link) => {
        added.push(link)
        return Promise.resolve('stored')
      },
    }))
    const again = () => restores(hiding).begin({ ...question(words), branch: key })
    await expect(again()).rejects.toMatchObject({ code: 'restore-pick-gone' })
    await expect(again()).rejects.toMatchObject({ code: 'restore-pick-gone' })
    expect(added).toEqual([])
    shown = [[...trunk, one, two]]
    await expect(again()).rejects.toMatchObject({ code: 'restore-pick-gone' })
    expect(added).toHaveLength(1)
    await nothingTaken()
  })

  it('goes on where the picked version was settled on meanwhile', async () => {
    const sign = (name: string) => ann.identity.chains.sign(alice, { kind: 'rename', target: ann.id, name })
    const two = await sign('Two')
    server.links.push(await sign('One'), two)
    const { branches } = await ann.look()
    const branch = branches.find(({ state }) => state.head === keyOf(two))!
    const paper = openPaper(words)
    server.links.push(fresh.identity.chains.pickedByPaper(branch, paper))
    paper.wipe()
    const answer = await restores().begin({ ...question(words), branch: keyOf(two) })
    expect(answer).toMatchObject({ kind: 'restored' })
    expect(namesOf((await fresh.identity.chains.known(alice))!)).toEqual(['Two', 'device 2'])
  })

  it('shows the fork as it is now when no version ends with what was picked', async () => {
    const sign = (name: string) => ann.identity.chains.sign(alice, { kind: 'rename', target: ann.id, name })
    const [one, two] = [await sign('One'), await sign('Two')]
    server.links.push(one, two)
    const count = server.links.length
    const answer = await restores().begin({ ...question(words), branch: keyOf(server.links[0]!) })
    if (answer.kind !== 'forked') throw new Error('it is not shown')
    expect(answer.branches.map((branch) => branch.key).sort()).toEqual([keyOf(one), keyOf(two)].sort())
    expect(server.links).toHaveLength(count)
    await nothingTaken()
  })

  it('reads the chain again when another device was faster', async () => {
    let isFirst = true
    const racing = connecting(({ addLink }) => ({
      addLink: async (link, asFork) => {
        if (isFirst) {
          isFirst = false
          await ann.extend({ kind: 'rename', target: ann.id, name: 'Faster' })
        }
        return addLink(link, asFork)
      },
    }))
    await restores(racing).begin(question(words))
    expect((await ann.look()).fork).toBeNull()
    expect(namesOf((await fresh.identity.chains.known(alice))!)).toEqual(['Faster', 'device 2'])
  })

  it('leaves out boxes that hold no key of the chain', async () => {
    const epoch = (await ann.identity.chains.known(alice))!.state.epoch
    const false0 = server.boxes.map((box) => ({ ...box, box: new Uint8Array(box.box.length) }))
    server.boxes = [...false0, ...server.boxes.map((box) => ({ ...box, epoch: box.epoch + 7 }))]
    await restores().begin(question(words))
    expect([...(await loadEpochs(fresh.secrets, alice)).keys.keys()]).toEqual([epoch + 1])
  })

  it('goes on without the new epoch when the connection ends there', async () => {
    let links = 0
    const failing = connecting(({ addLink }) => ({
      addLink: (link, asFork) => (++links === 2 ? Promise.reject(new Error('cut off')) : addLink(link, asFork)),
    }))
    await restores(failing).begin(question(words))
    const epoch = (await ann.identity.chains.known(alice))!.state.epoch
    expect((await (await fresh.start()).look()).state.epoch).toBe(epoch)
  })

  it('is one at a time, and of accounts that are not here', async () => {
    await expect(restores(connecting(), true).begin(question(words))).rejects.toMatchObject({ code: 'account-exists' })
    const [asked, answer] = [Promise.withResolvers<undefined>(), Promise.withResolvers<null>()]
    const waiting = restores(
      connecting(() => ({
        links: () => {
          asked.resolve(undefined)
          return answer.promise
        },
      })),
    )
    const first = waiting.begin(question(words))
    await asked.promise
    await expect(waiting.begin(question(words))).rejects.toMatchObject({ code: 'busy' })
    answer.resolve(null)
    await expect(first).rejects.toMatchObject({ code: 'restore-nothing' })
  })

  it('gives the server nothing once it was cancelled', async () => {
    const count = server.links.length
    const running: Restores = restores(
      connecting(({ links }) => ({
        links: () => {
          running.cancel()
          return links()
        },
      })),
    )
    await expect(running.begin(question(words))).rejects.toMatchObject({ code: 'cancelled' })
    expect(server.links).toHaveLength(count)
    await nothingTaken()
  })
})
