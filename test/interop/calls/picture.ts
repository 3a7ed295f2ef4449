/** Pictures that are easy to tell apart: a mosaic of seeded colours, and the mean colours of its fields. */
import { writeFileSync } from 'node:fs'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

export const columns = 4
export const rows = 3
const fieldPixels = 80
const framesPerSecond = 10

/** Red, green and blue of every field, 0 to 255, line by line. */
export type Mosaic = readonly number[]

interface Yuv {
  readonly y: number
  readonly u: number
  readonly v: number
}

function fieldsOf(name: string): readonly Yuv[] {
  const random = new SeededRandom(name)
  const from = (lowest: number, highest: number): number => Math.round(lowest + random.unit() * (highest - lowest))
  return Array.from({ length: columns * rows }, () => ({ y: from(50, 200), u: from(70, 186), v: from(70, 186) }))
}

/** The picture of that name as it should be seen. */
export function mosaicOf(name: string): Mosaic {
  // ITU-R BT.601.
  return fieldsOf(name).flatMap(({ y, u, v }) => [
    1.164 * (y - 16) + 1.596 * (v - 128),
    1.164 * (y - 16) - 0.392 * (u - 128) - 0.813 * (v - 128),
    1.164 * (y - 16) + 2.017 * (u - 128),
  ])
}

/** Writes one frame of it, 320 × 240, as a film for Chromium's camera. */
export function writeY4m(path: string, name: string): void {
  const fields = fieldsOf(name)
  const plane = (of: (field: Yuv) => number, pixels: number): Buffer => {
    const width = columns * pixels
    return Buffer.from(
      Array.from({ length: width * rows * pixels }, (_, n) => {
        const [column, row] = [Math.floor((n % width) / pixels), Math.floor(n / width / pixels)]
        const field = fields[row * columns + column]
        return field === undefined ? 0 : of(field)
      }),
    )
  }
  const [whole, half] = [fieldPixels, fieldPixels / 2]
  const head = `YUV4MPEG2 W${columns * whole} H${rows * whole} F${framesPerSecond}:1 Ip A1:1 C420mpeg2\nFRAME\n`
  const planes = [plane(({ y }) => y, whole), plane(({ u }) => u, half), plane(({ v }) => v, half)]
  writeFileSync(path, Buffer.concat([Buffer.from(head), ...planes]))
}

/** Correlation of two pictures' colours, −1 to 1; 0 where one has no colours. */
export function alikeness(one: Mosaic, other: Mosaic): number {
  const [a, b] = [centred(one), centred(other)]
  const product = (x: Mosaic, y: Mosaic): number => x.reduce((sum, value, n) => sum + value * (y[n] ?? 0), 0)
  const power = Math.sqrt(product(a, a) * product(b, b))
  return power === 0 || one.length !== other.length ? 0 : product(a, b) / power
}

function centred(values: Mosaic): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return values.map((value) => value - mean)
}
