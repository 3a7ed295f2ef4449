import { Camera } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { readQr } from '#shared/linking/qr-image.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { openCamera } from '#renderer/media/camera-picture.ts'
import { useSettings } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { framePixels } from './picture-pixels.ts'

/** Rest between two looks at the picture, ms: a look may take the page as long. */
const restMs = 200

/** Pixels across that show the finest code at arm's length. */
const wantedWidth = 1280

/** Properties of the ways to read a code. */
export interface ReaderProps {
  /** What a QR code says; the same text once. */
  readonly onText: (text: string) => void
}

/** Reads a code with the camera, which is open only while its picture is shown. */
export function CameraReader({ onText }: ReaderProps) {
  const t = useT()
  const [open, setOpen] = useState(false)
  return (
    <div className="flex flex-col items-start gap-3">
      <p className="text-sm text-soft">{t('linking.cameraText')}</p>
      {open && <Picture onText={onText} />}
      <Button onPress={() => setOpen(!open)}>
        <Camera aria-hidden className="size-4" />
        {t(open ? 'linking.closeCamera' : 'linking.openCamera')}
      </Button>
    </div>
  )
}

function Picture({ onText }: ReaderProps) {
  const t = useT()
  const element = useRef<HTMLVideoElement>(null)
  const [failed, setFailed] = useState(false)
  const camera = useSettings()?.camera ?? ''
  useEffect(() => {
    const show = (stream: MediaStream): void => {
      if (element.current !== null) element.current.srcObject = stream
    }
    return openCamera(camera, show, () => setFailed(true), { width: { ideal: wantedWidth } })
  }, [camera])
  useFrames(element, onText)
  if (failed) {
    return (
      <p role="alert" className="text-sm text-danger">
        {t('linking.cameraFailed')}
      </p>
    )
  }
  return (
    <>
      <video
        ref={element}
        aria-label={t('linking.cameraPicture')}
        autoPlay
        muted
        playsInline
        disablePictureInPicture
        className="aspect-video w-full -scale-x-100 rounded-xl border border-line bg-sunken object-cover"
      />
      <p role="status" className="text-sm text-soft">
        {t('linking.cameraLooks')}
      </p>
    </>
  )
}

function useFrames(element: { readonly current: HTMLVideoElement | null }, onText: ReaderProps['onText']): void {
  const told = useRef('')
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = (): void => {
      timer = setTimeout(look, restMs)
      const pixels = element.current === null ? null : framePixels(element.current)
      const text = pixels === null ? null : readQr(pixels)
      if (text === null || text === told.current) return
      told.current = text
      onText(text)
    }
    look()
    return () => clearTimeout(timer)
  }, [element, onText])
}
