import { getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { threadId } from './thread-priority.ts'

const script = `
  const { parentPort } = require('node:worker_threads')
  const { getPriority } = require('node:os')
  import(${JSON.stringify(new URL('./thread-priority.ts', import.meta.url).href)}).then(({ giveWay, threadId }) => {
    giveWay()
    parentPort.postMessage({ id: threadId(), priority: getPriority(threadId() ?? 0) })
  })
`

it.runIf(process.platform === 'linux')('one thread gives way, the others of the process do not', async () => {
  const before = getPriority(threadId() ?? 0)
  const worker = new Worker(script, { eval: true })
  const told = await new Promise<{ id: number; priority: number }>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  expect(told.id).not.toBe(threadId())
  expect(told.priority).toBe(10)
  expect(getPriority(threadId() ?? 0)).toBe(before)
  await worker.terminate()
})
