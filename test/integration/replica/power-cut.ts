import { fileURLToPath } from 'node:url'
import type { CutProgram } from '../history/power-cut.ts'
import { PromisedBatches } from './promised-batches.ts'

/** A store of sealed histories whose power is cut. */
export const replicaProgram: CutProgram = {
  child: fileURLToPath(new URL('./power-cut-child.ts', import.meta.url)),
  promised: () => new PromisedBatches(),
}
