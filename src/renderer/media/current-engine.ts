import type { MediaEngine } from './media-engine.ts'

let current: MediaEngine | null = null

/** The page's one engine; null where the page runs without main. */
export function mediaEngine(): MediaEngine | null {
  return current
}

/** Sets the page's engine, once at the start. */
export function setMediaEngine(engine: MediaEngine | null): void {
  current = engine
}
