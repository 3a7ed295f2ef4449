/** As many of the first as come to no more than `most` bytes, one at least. */
export function upTo<T>(items: readonly T[], most: number, sizeOf: (item: T) => number): readonly T[] {
  let bytes = 0
  const end = items.findIndex((item) => (bytes += sizeOf(item)) > most)
  return end < 0 ? items : items.slice(0, Math.max(1, end))
}
