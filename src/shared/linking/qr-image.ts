/** QR codes as pictures: drawn as one path, and read from the pixels of a camera or a file. */
import { encodeQR } from 'qr'
import { decodeQR } from 'qr/decode.js'
import { maxLinkQrLength } from './qr-payload.ts'

/** A code to be drawn: dark modules as one SVG path on a light square of `size` by `size`, quiet zone included. */
export interface QrDrawing {
  readonly size: number
  readonly path: string
}

/** Pixels of a stranger: four bytes each, row by row. */
export interface QrPicture {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array | Uint8ClampedArray
}

/** ISO/IEC 18004: as wide a margin as readers may count on. */
const quietZone = 4
/** Larger pictures have to be scaled down before. */
export const maxPictureSide = 2048
/** A search that finds nothing ends after about this, ms. */
const searchMs = 250

/** Draws a text as a QR code of medium error correction. */
export function drawQr(text: string): QrDrawing {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: quietZone })
  const rows = modules.map((row, y) => rowPath(row, y))
  return { size: modules.length, path: rows.join('') }
}

/** The text of the code in a picture; null when there is none, or none that a linking could need. */
export function readQr({ width, height, data }: QrPicture): string | null {
  const sides = [width, height]
  if (!sides.every((side) => Number.isInteger(side) && side > 0 && side <= maxPictureSide)) return null
  if (data.length !== 4 * width * height) return null
  const text = decode({ width, height, data })
  return text !== null && text.length <= maxLinkQrLength ? text : null
}

function decode(picture: QrPicture): string | null {
  try {
    return decodeQR(picture, { format: 'RGBA', timeLimit: searchMs })
  } catch {
    // The library throws for every picture without a readable code.
    return null
  }
}

/** Runs of dark modules as rectangles of height 1. */
function rowPath(row: readonly boolean[], y: number): string {
  let path = ''
  for (let x = 0; x < row.length; x++) {
    const start = x
    while (row[x] === true) x++
    if (x > start) path += `M${start} ${y}h${x - start}v1h-${x - start}z`
  }
  return path
}
