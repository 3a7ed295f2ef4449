import encodeQR from 'qr'

/** Modules of quiet around a code, ISO/IEC 18004 §6.3.8. */
export const quietModules = 4

/** A QR code as one SVG path on a square of `side` units, one unit a module, quiet zone included. */
export function qrPath(text: string): { readonly side: number; readonly path: string } {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: quietModules })
  const dark = rows.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])))
  return { side: rows.length, path: dark.join('') }
}
