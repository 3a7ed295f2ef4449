import type { z } from 'zod'

/** One row: the schema of the arguments and, as a type only, the result. */
export interface BridgeMethod<Args extends z.ZodType = z.ZodType, Result = unknown> {
  readonly args: Args
  /** Never set; carries the result type. */
  readonly result?: Result
  /** Secrets travel on a channel of their own and never reach a store or a log. */
  readonly secret?: true
}

/** Makes a row; the result type comes first, so that the schema's type can be inferred. */
export function method<Result>() {
  return <Args extends z.ZodType>(args: Args, secret?: true): BridgeMethod<Args, Result> =>
    secret === undefined ? { args } : { args, secret }
}
