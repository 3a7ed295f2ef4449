/** Normalised cross-correlation by fast Fourier transform. */

interface Spectrum {
  readonly re: Float64Array
  readonly im: Float64Array
}

const nothing: Float64Array = new Float64Array(0)

/** The quietest stretch that may count, as a share of the power of what is looked for: noise correlates with nothing. */
const quietest = 0.005

/** For each sound, how alike the most similar stretch of the recording is: 0 to 1, whatever its loudness and sign. */
export function correlationPeaks(sounds: readonly Float64Array[], recording: Float64Array): number[] {
  const longest = Math.max(...sounds.map(({ length }) => length))
  if (recording.length < longest) return sounds.map(() => 0)
  const size = 2 ** Math.ceil(Math.log2(recording.length + longest))
  const heard = spectrumOf(size, recording)
  const energy = new Float64Array(recording.length + 1)
  for (const [n, sample] of recording.entries()) energy[n + 1] = at(energy, n) + sample * sample
  const pairs = Array.from({ length: Math.ceil(sounds.length / 2) }, (_, n) => sounds.slice(2 * n, 2 * n + 2))
  return pairs.flatMap((pair) => peaksOf(pair, { heard, energy, size }))
}

interface Heard {
  readonly heard: Spectrum
  readonly energy: Float64Array
  readonly size: number
}

/** Two at a time: correlations of real signals are real, so one may travel as the imaginary part of the other. */
function peaksOf(pair: readonly Float64Array[], { heard, energy, size }: Heard): number[] {
  const product = spectrumOf(size, pair[0], pair[1])
  for (let k = 0; k < size; k += 1) {
    const [a, b, c, d] = [at(heard.re, k), at(heard.im, k), at(product.re, k), at(product.im, k)]
    product.re[k] = a * c + b * d
    // The inverse of a transform is the transform of the conjugate.
    product.im[k] = a * d - b * c
  }
  transform(product)
  return pair.map((sound, n) => peakOf(sound, { correlation: n === 0 ? product.re : product.im, energy, size }))
}

function peakOf(
  sound: Float64Array,
  { correlation, energy, size }: Pick<Heard, 'energy' | 'size'> & { readonly correlation: Float64Array },
): number {
  const own = sound.reduce((sum, sample) => sum + sample * sample, 0)
  let peak = 0
  for (let n = 0; n + sound.length < energy.length; n += 1) {
    const there = at(energy, n + sound.length) - at(energy, n)
    if (there > quietest * own) peak = Math.max(peak, Math.abs(at(correlation, n) / size) / Math.sqrt(own * there))
  }
  return peak
}

function spectrumOf(size: number, real = nothing, imaginary = nothing): Spectrum {
  const spectrum = { re: new Float64Array(size), im: new Float64Array(size) }
  spectrum.re.set(real)
  spectrum.im.set(imaginary)
  transform(spectrum)
  return spectrum
}

/** In place, for lengths that are powers of two (Cooley and Tukey). */
function transform({ re, im }: Spectrum): void {
  const size = re.length
  for (let n = 1, reversed = 0; n < size; n += 1) {
    let bit = size >> 1
    for (; (reversed & bit) !== 0; bit >>= 1) reversed ^= bit
    reversed ^= bit
    if (n < reversed) for (const part of [re, im]) [part[n], part[reversed]] = [at(part, reversed), at(part, n)]
  }
  for (let half = 1; half < size; half *= 2) turn({ re, im }, half)
}

function turn({ re, im }: Spectrum, half: number): void {
  for (let k = 0; k < half; k += 1) {
    const [cos, sin] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)]
    for (let low = k; low < re.length; low += 2 * half) {
      const high = low + half
      const [x, y] = [at(re, high) * cos - at(im, high) * sin, at(re, high) * sin + at(im, high) * cos]
      const [u, v] = [at(re, low), at(im, low)]
      re[high] = u - x
      im[high] = v - y
      re[low] = u + x
      im[low] = v + y
    }
  }
}

function at(samples: Float64Array, n: number): number {
  return samples[n] ?? 0
}
