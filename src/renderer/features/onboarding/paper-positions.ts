/** Picks `wanted` different positions below `count`, in rising order; `random` gives 32-bit numbers. */
export function pickPositions(count: number, wanted: number, random: () => number): readonly number[] {
  const left = Array.from({ length: count }, (_, index) => index)
  const picked: number[] = []
  while (picked.length < wanted && left.length > 0) {
    const [position] = left.splice(random() % left.length, 1)
    if (position !== undefined) picked.push(position)
  }
  return picked.sort((a, b) => a - b)
}

/** A random 32-bit number of the browser's generator. */
export function randomUint32(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
}
