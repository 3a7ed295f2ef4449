/** How datagrams of one section get to the other side: two components as ICE counts them, 1 for RTP and 2 for RTCP. */
import type { DatagramAddress } from '#shared/ports/datagrams.ts'

export type Component = 1 | 2

export interface MediaPath {
  /** Lost where no way is known yet. */
  send(component: Component, bytes: Uint8Array): void
  /** An authenticated packet came from here: answers go there (symmetric RTP, RFC 4961), unless ICE knows better. */
  heardFrom(component: Component, from: DatagramAddress): void
}
