/** One printed line: a figure beside what it is compared with. */
export interface Figure {
  readonly what: string
  readonly measured: string
  readonly besides: string
  readonly promise: string
  readonly holds: boolean | null
}

/** Value at a share of the sorted samples (0.5 = median). */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Milliseconds with sensible digits. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ms`
}

/** Prints the table; the run fails where a promise does not hold. A smoke run says that its figures promise nothing. */
export function printFigures(title: string, figures: readonly Figure[], smoke: boolean): void {
  console.log(`\n${title}${smoke ? ' (smoke run: too short to judge)' : ''}`)
  console.table(
    Object.fromEntries(
      figures.map(({ what, measured, besides, promise, holds }) => [
        what,
        { measured, besides, promise, holds: holds === null ? '–' : holds ? 'yes' : 'NO' },
      ]),
    ),
  )
  if (!smoke && figures.some(({ holds }) => holds === false)) process.exitCode = 1
}
