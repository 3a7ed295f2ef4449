import { describeReplicaJournal } from '#test/contracts/replica-journal.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { MemoryReplicaJournal } from '#test/fakes/memory-replica-journal.ts'

describeReplicaJournal('a journal in memory', () => {
  let journal = new MemoryReplicaJournal()
  return Promise.resolve({
    get journal() {
      return journal
    },
    content: (number) => utf8(`content ${number}`),
    observe: (content) => {
      journal.observe(content)
      return Promise.resolve()
    },
    erase: (body) => {
      journal.erase(body)
      return Promise.resolve()
    },
    contents: () => Promise.resolve(journal.contents()),
    faults: () => Promise.resolve(journal.faults()),
    reopen: () => {
      journal = new MemoryReplicaJournal(journal)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  })
})
