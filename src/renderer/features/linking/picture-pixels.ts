/** Pixels of pictures and frames, no more of them than are searched for a code. */
import { maxPictureSide, type QrPicture } from '#shared/linking/qr-image.ts'

/** Largest file that is opened, bytes. */
const maxFileBytes = 32_000_000

function drawn(source: CanvasImageSource, width: number, height: number): QrPicture | null {
  const scale = Math.min(1, maxPictureSide / Math.max(width, height))
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)))
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return null
  // What is see-through would read as black.
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(source, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

/** The pixels of a picture file, or null where it is none that can be opened. */
export async function filePixels(file: Blob): Promise<QrPicture | null> {
  if (file.size > maxFileBytes) return null
  const bitmap = await createImageBitmap(file).catch(() => null)
  if (bitmap === null) return null
  try {
    return drawn(bitmap, bitmap.width, bitmap.height)
  } finally {
    bitmap.close()
  }
}

/** The pixels a camera shows now, or null before it shows any. */
export function framePixels(video: HTMLVideoElement): QrPicture | null {
  const { videoWidth, videoHeight, readyState } = video
  if (readyState < HTMLMediaElement.HAVE_CURRENT_DATA || videoWidth === 0) return null
  return drawn(video, videoWidth, videoHeight)
}
