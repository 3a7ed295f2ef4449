/** Of so many tries, how many had succeeded by when: two ways of doing a thing held against each other. */

/** Milliseconds that each try took; null where it failed. */
export type Tries = readonly (number | null)[]

/** Per cent of the tries that had succeeded after `ms`. */
export function percentWithin(tries: Tries, ms: number): number {
  return (100 * tries.filter((took) => took !== null && took <= ms).length) / tries.length
}

/** A line for a report: the rates of both at some moments. */
export function ratesText(name: string, program: Tries, model: Tries, moments: readonly number[]): string {
  const parts = moments.map((ms) => {
    const [own, theirs] = [percentWithin(program, ms), percentWithin(model, ms)]
    return `${ms === Infinity ? 'ever' : `${ms / 1000} s`} ${own.toFixed(2)} % (timers alone ${theirs.toFixed(2)} %)`
  })
  return `${name}, ${program.length} tries: ${parts.join(', ')}`
}
