/** A process that commits messages to a history, in groups: `path key-in-hex account peer count`. */
import { HistoryWriter } from '#main/history/history-writer.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { conversationIdOf } from '#shared/model/derive-ids.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor } from '#shared/model/ids.ts'
import { EntryMaker, sha256 } from '#test/integration/history/history-fixture.ts'
import { Corpus } from './corpus.ts'

const perCommit = 100
const [path = '', keyHex = '', account = '', peer = '', count = '0'] = process.argv.slice(2)
const key = new Uint8Array(Buffer.from(keyHex, 'hex'))
const writer = new HistoryWriter({ path, key, clock: systemClock })
const [make, corpus] = [new EntryMaker(1_600_000_000_000), new Corpus(9)]
const conversation = conversationIdOf(sha256, account as Aor, peer as Aor)

function message(): Entry {
  const { head, body } = make.incoming(corpus.sentence())
  return { head: { ...head, account }, body: { ...body, conversation, peer, author: peer } } as Entry
}

const begun = performance.now()
for (let done = 0; done < Number(count); done += perCommit)
  await writer.commit({ entries: Array.from({ length: perCommit }, message) })
writer.close()
process.stdout.write(`${(performance.now() - begun) / 1000}`)
