import { ImageUp } from 'lucide-react'
import { useState } from 'react'
import { type DropItem, DropZone, FileTrigger, Text } from 'react-aria-components'
import { readQr } from '#shared/linking/qr-image.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import type { ReaderProps } from './CameraReader.tsx'
import { filePixels } from './picture-pixels.ts'

/** Reads a code from a picture that is chosen, dropped or pasted. */
export function PictureReader({ onText }: ReaderProps) {
  const t = useT()
  const [state, setState] = useState<'idle' | 'reading' | 'none'>('idle')

  async function read(file: Blob | undefined): Promise<void> {
    if (file === undefined) return
    setState('reading')
    const pixels = await filePixels(file)
    const text = pixels === null ? null : readQr(pixels)
    setState(text === null ? 'none' : 'idle')
    if (text !== null) onText(text)
  }

  return (
    <div
      className="flex flex-col gap-3"
      onPaste={(event) => {
        const file = event.clipboardData.files[0]
        if (file === undefined) return
        event.preventDefault()
        void read(file)
      }}
    >
      <DropZone
        onDrop={({ items }) => void firstFile(items).then(read)}
        className="flex flex-col items-center gap-3 rounded-xl border border-dashed border-edge p-5 text-center data-[drop-target]:border-accent data-[drop-target]:bg-tint data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent"
      >
        <ImageUp aria-hidden className="size-7 text-edge" strokeWidth={1.5} />
        <Text slot="label" className="text-sm text-soft">
          {t('linking.pictureText')}
        </Text>
        <FileTrigger acceptedFileTypes={['image/*']} onSelect={(files) => void read(files?.[0])}>
          <Button>{t('linking.choosePicture')}</Button>
        </FileTrigger>
      </DropZone>
      {state === 'reading' && <Working label={t('linking.readingPicture')} />}
      {state === 'none' && (
        <p role="alert" className="text-sm text-danger">
          {t('linking.noCodeInPicture')}
        </p>
      )}
    </div>
  )
}

async function firstFile(items: readonly DropItem[]): Promise<Blob | undefined> {
  for (const item of items) if (item.kind === 'file') return item.getFile()
  return undefined
}
