import decodeQR from 'qr/decode.js'

/** RGBA pixels. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray | Uint8Array
}

/** Longest search in one picture, ms: it stops the page meanwhile. */
const pictureLimitMs = 1500

/**
 * The text of a QR code in a picture, or null where none can be read. A `frame` of a camera is looked at as briefly as fits between
 * two frames: the next one comes at once.
 */
export function readQr(pixels: Pixels, kind: 'frame' | 'picture'): string | null {
  const effort = kind === 'frame' ? {} : { effort: Infinity, timeLimit: pictureLimitMs }
  try {
    return decodeQR(pixels, effort)
  } catch {
    // The library throws for "none found" as for anything else.
    return null
  }
}
