/** A piece of an excerpt, marked or not. */
export interface Piece {
  readonly text: string
  readonly hit: boolean
}

/** Cuts an excerpt at its `[start, end)` pairs; pairs that overlap or reach beyond the text are clipped. */
export function cutHighlights(excerpt: string, pairs: readonly (readonly [number, number])[]): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const [start, end] of [...pairs].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(at, Math.min(start, excerpt.length))
    const to = Math.min(Math.max(end, from), excerpt.length)
    if (to === from) continue
    if (from > at) pieces.push({ text: excerpt.slice(at, from), hit: false })
    pieces.push({ text: excerpt.slice(from, to), hit: true })
    at = to
  }
  if (at < excerpt.length) pieces.push({ text: excerpt.slice(at), hit: false })
  return pieces
}
