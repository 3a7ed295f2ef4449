/** Turns a row of figures into a line, its scale and its words; pure. */

/** One figure a second, oldest first; null where there was none. */
export type Series = readonly (number | null)[]

/** What a table says of a series. */
export interface Summary {
  readonly now: number | null
  readonly mean: number | null
  readonly highest: number | null
}

export function summarize(series: Series): Summary {
  const known = series.filter((value) => value !== null)
  if (known.length === 0) return { now: null, mean: null, highest: null }
  return {
    now: series.at(-1) ?? null,
    mean: known.reduce((total, value) => total + value, 0) / known.length,
    highest: Math.max(...known),
  }
}

/** A round figure at the top of the scale: 1, 2 or 5 times a power of ten, and never below `least`. */
export function niceTop(highest: number, least: number): number {
  const wanted = Math.max(highest, least)
  const power = 10 ** Math.floor(Math.log10(wanted))
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= wanted * 0.999) ?? wanted
}

/** The size of a plot in its own units. */
export interface PlotBox {
  readonly width: number
  readonly height: number
  /** Figures that fit from edge to edge. */
  readonly count: number
}

/** An SVG path, the newest figure at the right edge; gaps stay gaps. */
export function linePath(series: Series, top: number, { width, height, count }: PlotBox): string {
  const step = width / (count - 1)
  const shown = series.slice(-count)
  let pen = false
  return shown
    .map((value, at) => {
      if (value === null) {
        pen = false
        return ''
      }
      const x = width - (shown.length - 1 - at) * step
      const y = height - (Math.min(value, top) / top) * height
      const move = pen ? 'L' : 'M'
      pen = true
      return `${move}${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
