import { File, FileAudio, FileImage, FileText, FileVideo } from 'lucide-react'
import type { FileView } from '#shared/model/views.ts'
import { formatBytes } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'

const icons = { image: FileImage, audio: FileAudio, video: FileVideo, text: FileText, other: File } as const

function iconOf(mediaType: string): keyof typeof icons {
  const kind = mediaType.split('/')[0] ?? ''
  return kind === 'image' || kind === 'audio' || kind === 'video' || kind === 'text' ? kind : 'other'
}

/** The picture that stands for a file, by what its sender says it is. */
export function FileIcon({ mediaType, className }: { readonly mediaType: string; readonly className: string }) {
  const Icon = icons[iconOf(mediaType)]
  return <Icon aria-hidden className={className} strokeWidth={1.6} />
}

/** A file among the messages: its name, size, and whether this device has it. */
export function FileBubble({ file }: { readonly file: FileView }) {
  const t = useT()
  const language = useLanguage()
  return (
    <div className="flex min-w-0 items-center gap-3 py-0.5">
      <FileIcon mediaType={file.mediaType} className="size-6 shrink-0 text-soft" />
      <div className="min-w-0">
        <bdi className="line-clamp-2 font-medium wrap-anywhere">{file.name}</bdi>
        <p className="text-xs text-soft tabular-nums">
          {formatBytes(language, file.size)}
          {!file.stored && ` · ${t('chat.fileMissing')}`}
        </p>
      </div>
    </div>
  )
}
