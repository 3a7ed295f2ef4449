import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { HeapPort } from './rest.ts'

/** The heap of the calling thread. */
export function v8Heap(): HeapPort {
  // Not a switch at start: Electron starts its main process by itself.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  return {
    usedBytes: () => getHeapStatistics().used_heap_size,
    workedMs: () => {
      const { user, system } = process.threadCpuUsage()
      return (user + system) / 1000
    },
    collect: () => {
      collect()
      // What the first pass lets go of by callbacks, such as buffers, the second one finds.
      collect()
    },
  }
}
