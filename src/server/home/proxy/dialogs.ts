import type { Connection } from './connection.ts'
import type { Location } from './location.ts'
import type { RouteEnd, RouteToken } from './route-token.ts'

export type NextHop =
  | { readonly kind: 'found'; readonly connection: Connection }
  /** The far end's flow is closed and its device has not come back. */
  | { readonly kind: 'gone' }
  /** The request came over a flow that is no end of this dialog. */
  | { readonly kind: 'stranger' }

/** Finds the other end of a record-routed dialog; a device that reconnected keeps its dialogs through its binding. */
export class Dialogs {
  readonly #location: Location
  readonly #connections: ReadonlyMap<number, Connection>

  constructor(location: Location, connections: ReadonlyMap<number, Connection>) {
    this.#location = location
    this.#connections = connections
  }

  next({ caller, callee }: RouteToken, from: Connection): NextHop {
    const other = this.#isEnd(caller, from) ? callee : this.#isEnd(callee, from) ? caller : null
    if (other === null) return { kind: 'stranger' }
    // The binding first: its flow is newer than the one the dialog began on, if they differ.
    const connection = this.#boundTo(other) ?? this.#connections.get(other.flow)
    return connection === undefined ? { kind: 'gone' } : { kind: 'found', connection }
  }

  #isEnd(end: RouteEnd, connection: Connection): boolean {
    return end.flow === connection.number || this.#boundTo(end) === connection
  }

  #boundTo(end: RouteEnd): Connection | null {
    return end.binding === '' ? null : (this.#location.findById(end.binding)?.connection ?? null)
  }
}
