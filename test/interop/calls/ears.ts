/** Counting the words of a voice, and waiting for them. */
import { Worker } from 'node:worker_threads'
import { pause } from '../peers.ts'
import type { EarsQuestion } from './ears-worker.ts'
import type { PageEngine } from './page-engine.ts'
import { listenedSamples, type Sound } from './speech.ts'

/** Different words of eight that it takes to believe that sound came through. */
export const enoughWords = 4
const patienceMs = 20_000
const lookMs = 300

/** As `wordsHeard`, beside the running call. */
export function countWords(voice: string, recording: Sound): Promise<number> {
  const worker = new Worker(new URL('./ears-worker.ts', import.meta.url))
  return new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.postMessage({ voice, recording } satisfies EarsQuestion)
  }).finally(() => void worker.terminate())
}

/** Waits until we hear a voice; of what came before the sample `since`, nothing counts. */
export function hear(engine: PageEngine, voice: string, since = 0): Promise<void> {
  return untilHeard(voice, async () => (await engine.recording()).subarray(since))
}

/** Waits until a voice is at the end of a recording that grows. @throws Error with what was heard instead. */
export async function untilHeard(voice: string, recording: () => Promise<Sound> | Sound): Promise<void> {
  const end = Date.now() + patienceMs
  let words = 0
  while (words < enoughWords && Date.now() < end) {
    await pause(lookMs)
    words = await countWords(voice, (await recording()).slice(-listenedSamples))
  }
  if (words < enoughWords) throw new Error(`${words} words of ${voice} were heard`)
}
