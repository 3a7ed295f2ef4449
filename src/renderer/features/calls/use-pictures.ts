import { useCallback, useSyncExternalStore } from 'react'
import type { CallId } from '#shared/model/calls.ts'
import { mediaEngine } from '#renderer/media/current-engine.ts'
import type { CallPictures } from '#renderer/media/platform.ts'
import type { StatsSample } from '#renderer/media/stats.ts'

const noPictures: CallPictures = { local: null, remote: null }
const noSamples: readonly StatsSample[] = []
const nothing = (): void => undefined

/** The pictures of a call as they come and go. */
export function usePictures(id: CallId): CallPictures {
  const subscribe = useCallback((changed: () => void) => mediaEngine()?.subscribe(changed) ?? nothing, [])
  return useSyncExternalStore(subscribe, () => mediaEngine()?.pictures(id) ?? noPictures)
}

/** The figures of a call, sampled while they are shown. */
export function useSamples(id: CallId): readonly StatsSample[] {
  const subscribe = useCallback((changed: () => void) => mediaEngine()?.series(id).watch(changed) ?? nothing, [id])
  return useSyncExternalStore(subscribe, () => mediaEngine()?.series(id).samples ?? noSamples)
}
