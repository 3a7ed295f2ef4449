/** Marks code that types prove unreachable; throws if it is reached all the same. */
export function assertNever(value: never, why: string): never {
  throw new Error(`unreachable (${why}): ${JSON.stringify(value)}`)
}

/** Throws a bug report unless `condition` holds; `why` says why it must. */
export function invariant(condition: unknown, why: string): asserts condition {
  if (condition === false || condition === null || condition === undefined) throw new Error(`broken invariant: ${why}`)
}
