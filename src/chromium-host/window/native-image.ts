const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** IHDR: width at 16, height at 20 (PNG §11.2.2). */
const widthOffset = 16
const heightOffset = 20

/** The part of `electron.NativeImage` the app uses: a PNG and its size. */
export class HostImage {
  readonly #png: Buffer

  constructor(png: Buffer) {
    this.#png = png.subarray(0, pngSignature.length).equals(pngSignature) ? png : Buffer.alloc(0)
  }

  isEmpty(): boolean {
    return this.#png.length === 0
  }

  toPNG(): Buffer {
    return this.#png
  }

  toDataURL(): string {
    return `data:image/png;base64,${this.#png.toString('base64')}`
  }

  getSize(): { width: number; height: number } {
    if (this.#png.length < heightOffset + 4) return { width: 0, height: 0 }
    return { width: this.#png.readUInt32BE(widthOffset), height: this.#png.readUInt32BE(heightOffset) }
  }
}
