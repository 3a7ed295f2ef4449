/** Listens in a thread of its own: the media of the call run in ours, and would stop meanwhile. */
import { parentPort } from 'node:worker_threads'
import { wordsHeard, type Sound } from './speech.ts'

export interface EarsQuestion {
  readonly voice: string
  readonly recording: Sound
}

parentPort?.on('message', ({ voice, recording }: EarsQuestion) => {
  parentPort?.postMessage(wordsHeard(voice, recording))
})
