/**
 * A whole history handed over to a new device (two histories in their workers, sealed pages over HTTPS through a home server on loopback) beside
 * the pure insert of the same pages from memory, in turns in one run, and when its newest message is there. `--smoke` is the short form,
 * `--million` the long one, with a million messages and one turn.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { HistorySink } from '#main/linking/transfer-sink.ts'
import { HistorySource } from '#main/linking/transfer-source.ts'
import { rendezvousClient } from '#main/linking/rendezvous-client.ts'
import { ReplicaHttp } from '#main/replication/transport/replica-http.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import type { Aor } from '#shared/model/ids.ts'
import { genesis } from '#test/fakes/drawn-chain.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { clientPorts, connectAs, replicaAddressOf, requestSigner } from '#test/fakes/replica-client.ts'
import { aliceAccount, TestHistory } from '#test/integration/history/history-fixture.ts'
import { fillInBulk } from './support/bulk-history.ts'
import { printFigures, quantile, type Figure } from './support/figures.ts'

const smoke = process.argv.includes('--smoke')
const million = process.argv.includes('--million')
const messages = million ? 1_000_000 : smoke ? 2_000 : 20_000
const rounds = smoke || million ? 1 : 3
const promise = 1.5
/** Of the whole time, until the newest screenful is there. */
const newestPromise = 0.2
const account = 'sip:alice@sotto.home.arpa' as Aor

interface Page {
  readonly token: string
  readonly bytes: Uint8Array
}

async function openFilled(test: TestHistory): Promise<OpenHistory> {
  mkdirSync(path.dirname(test.path), { recursive: true })
  fillInBulk({
    path: test.path,
    key: test.key,
    account: { aor: account, id: aliceAccount },
    messages,
    conversations: 20,
  })
  const history = await test.openWorkers()
  const { replica } = history.writer
  await replica.switchOn(account, { snapshot: true })
  while ((await replica.progress(account))?.share !== 1) await new Promise((resolve) => setTimeout(resolve, 20))
  return history
}

async function allPages(history: OpenHistory): Promise<readonly Page[]> {
  const pages: Page[] = []
  for (;;) {
    const page = await history.reader.transferPiece(account, pages.at(-1)?.token ?? null)
    pages.push(page)
    if (page.isLast) return pages
  }
}

/** Runs `work` with an empty history of a new device; returns its seconds and how many entries came. */
async function withNewDevice(work: (history: OpenHistory) => Promise<void>): Promise<number> {
  const test = new TestHistory()
  try {
    const history = await test.openWorkers()
    await history.writer.replica.switchOn(account, { snapshot: false })
    const begun = performance.now()
    await work(history)
    const seconds = (performance.now() - begun) / 1000
    const { conversations } = await history.reader.conversations()
    if (conversations.length !== 20) throw new Error(`${conversations.length} conversations came`)
    return seconds
  } finally {
    await test.remove()
  }
}

async function newestAt({ reader }: OpenHistory): Promise<number> {
  return Math.max(...(await reader.conversations()).conversations.map(({ lastAt }) => lastAt))
}

const directory = temporaryDirectory()
const server = await startHome(directory.path)
const token = readFileSync(path.join(directory.path, 'signup-token'), 'utf8').trim()
const { password } = await homeClient().signUp(addressOf(server), 'alice', { token })
const { domain } = server.endpoint
const opener = connectAs('old', account, replicaAddressOf(server))
await opener.open(genesis('old', account), {
  ...{ kind: 'digest', user: 'alice', domain },
  ...digestSecrets('alice', domain, password),
})
opener.close()

const old = new TestHistory()
const source = await openFilled(old)
const newest = await newestAt(source)
const pages = await allPages(source)
const bytes = pages.reduce((sum, page) => sum + page.bytes.length, 0)

function pure(): Promise<number> {
  return withNewDevice(async ({ writer }) => {
    for (const page of pages) await writer.replica.takePiece(account, page)
  })
}

/** Seconds until the newest message was there. */
const shown: number[] = []

function whole(): Promise<number> {
  return withNewDevice(async (history) => {
    const { writer } = history
    const begun = performance.now()
    let looking: Promise<void> | null = null
    const look = async (): Promise<void> => {
      if ((await newestAt(history)) === newest) shown.push((performance.now() - begun) / 1000)
      else looking = null
    }
    const transfer = { account, slot: systemRandom.bytes(16), key: systemRandom.bytes(32) }
    const address = replicaAddressOf(server)
    const signed = new ReplicaHttp(address, { account, by: requestSigner('old') }, clientPorts())
    const unsigned = new ReplicaHttp(address, null, clientPorts())
    const ports = { clock: systemClock, random: systemRandom }
    const giving = new HistorySource({ ...ports, client: rendezvousClient(signed), history: source.reader }, transfer)
    const sink = {
      client: rendezvousClient(unsigned),
      history: writer.replica,
      progress: () => void (looking ??= look()),
    }
    const taking = new HistorySink({ ...ports, ...sink }, transfer)
    const given = giving.run()
    await taking.run()
    await given
    for (const http of [signed, unsigned]) http.close()
  })
}

const [inserts, transfers]: [number[], number[]] = [[], []]
for (let round = 0; round < rounds; round++) {
  inserts.push(await pure())
  transfers.push(await whole())
}
const [insert, transfer] = [quantile(inserts, 0.5), quantile(transfers, 0.5)]
const ratio = transfer / insert
const figure: Figure = {
  what: `${messages} messages, ${(bytes / 1_048_576).toFixed(1)} MiB in ${pages.length} pages, median of ${rounds}`,
  measured: `${transfer.toFixed(2)} s (${ratio.toFixed(2)} ×)`,
  besides: `${insert.toFixed(2)} s pure insert`,
  promise: `<= ${promise} ×`,
  holds: ratio <= promise,
}
const [first, share] = [quantile(shown, 0.5), quantile(shown, 0.5) / transfer]
const screen: Figure = {
  what: `its newest message, median of ${shown.length}`,
  measured: `${first.toFixed(2)} s (${share.toFixed(2)} ×)`,
  besides: `${transfer.toFixed(2)} s for all`,
  promise: `<= ${newestPromise} ×`,
  holds: share <= newestPromise,
}
printFigures('Handing a history over to a new device', [figure, screen], smoke)
await old.remove()
await server.stop()
directory.remove()
