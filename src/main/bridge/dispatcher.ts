import { wipe } from '#shared/bytes/bytes.ts'
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { BridgeReply } from '#shared/bridge/api.ts'
import { bridgeTable, type BridgeName, type BridgeParsedArgs, type BridgeResult } from '#shared/bridge/table.ts'
import type { LogPort } from '#shared/ports/log.ts'

/** One handler per row of the bridge table; arguments arrive parsed. */
export type BridgeHandlers = {
  readonly [N in BridgeName]: (args: BridgeParsedArgs<N>) => Promise<BridgeResult<N>> | BridgeResult<N>
}

/** Which channel a call came in on: secrets have one of their own. */
export type BridgeChannel = 'call' | 'secret'

function isBridgeName(name: unknown): name is BridgeName {
  return typeof name === 'string' && Object.hasOwn(bridgeTable, name)
}

function wipeBytes(args: object): void {
  for (const value of Object.values(args)) if (value instanceof Uint8Array) wipe(value)
}

function refusal(code: ErrorCode): BridgeReply<never> {
  return { ok: false, code, params: {} }
}

/**
 * Turns what the renderer sent into a typed call: name known, channel right, arguments parsed. Errors leave as codes,
 * never as messages or stacks.
 */
export class BridgeDispatcher {
  readonly #handlers: BridgeHandlers
  readonly #log: LogPort

  constructor(ports: { readonly handlers: BridgeHandlers; readonly log: LogPort }) {
    this.#handlers = ports.handlers
    this.#log = ports.log
  }

  /** Never rejects. */
  async dispatch(channel: BridgeChannel, name: unknown, args: unknown): Promise<BridgeReply<unknown>> {
    if (!isBridgeName(name)) return refusal('invalid-argument')
    const row = bridgeTable[name]
    const secret = 'secret' in row
    if (secret !== (channel === 'secret')) return refusal('invalid-argument')
    const parsed = row.args.safeParse(args)
    if (!parsed.success) {
      this.#log.warn('bridge.bad-arguments', { name, at: parsed.error.issues[0]?.path.join('.') })
      return refusal('invalid-argument')
    }
    if (!secret) return this.#call(name, parsed.data)
    // Whoever needs a typed secret longer than its call has made a copy of it.
    return this.#call(name, parsed.data).finally(() => wipeBytes(parsed.data))
  }

  async #call(name: BridgeName, args: unknown): Promise<BridgeReply<unknown>> {
    // The row's own schema made `args`: the one place where name and argument type meet at runtime.
    const handler = this.#handlers[name] as (args: unknown) => unknown
    try {
      return { ok: true, value: await handler(args) }
    } catch (error) {
      if (error instanceof SottoError) return { ok: false, code: error.code, params: error.params }
      this.#log.error('bridge.handler-failed', { name, error: error instanceof Error ? error.name : typeof error })
      return refusal('internal')
    }
  }
}
