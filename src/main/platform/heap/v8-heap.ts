import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { HeapPort } from './rest.ts'

/** Made when it is first needed, not at start. Not a switch either: Electron starts its main process by itself. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** The heap of the calling thread. */
export function v8Heap(): HeapPort {
  let collect: (() => void) | null = null
  return {
    usedBytes: () => getHeapStatistics().used_heap_size,
    workedMs: () => {
      const { user, system } = process.threadCpuUsage()
      return (user + system) / 1000
    },
    collect: () => {
      collect ??= collector()
      collect()
      // What the first pass lets go of by callbacks, such as buffers, the second one finds.
      collect()
    },
  }
}
