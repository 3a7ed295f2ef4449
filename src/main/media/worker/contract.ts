/** What crosses between main and the media worker. */
import type { MediaEvent, MediaPort } from '../media-port.ts'

export type MediaMethods = Readonly<Omit<MediaPort, 'onEvent'>>

export interface MediaWorkerEvents {
  readonly media: MediaEvent
}
