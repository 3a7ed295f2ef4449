import { Download, File, FileAudio, FileImage, FileText, FileVideo, FolderOpen, type LucideIcon, X } from 'lucide-react'
import { ProgressBar } from 'react-aria-components'
import type { SavingView } from '#shared/model/saving.ts'
import type { FileView, MessageView } from '#shared/model/views.ts'
import { formatBytes } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useSaving } from '#renderer/stores/saving-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { Track } from '#renderer/ui/Feedback.tsx'

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

/** A file among the messages: its name, size, whether this device has it, and a way to save it. */
export function FileBubble({ message, file }: { readonly message: MessageView; readonly file: FileView }) {
  const saving = useSaving(message)
  return (
    <div className="flex min-w-0 items-center gap-3 py-0.5">
      <FileIcon mediaType={file.mediaType} className="size-6 shrink-0 text-soft" />
      <div className="min-w-0 flex-1">
        <bdi className="line-clamp-2 font-medium wrap-anywhere">{file.name}</bdi>
        {saving === undefined || saving.saved ? (
          <SizeLine file={file} saved={saving !== undefined} />
        ) : (
          <SavingLine file={file} saving={saving} />
        )}
      </div>
      {file.stored && <SaveButton {...{ message, file, saving }} />}
    </div>
  )
}

function SizeLine({ file, saved }: { readonly file: FileView; readonly saved: boolean }) {
  const t = useT()
  const language = useLanguage()
  return (
    <p role="status" className="text-xs text-soft tabular-nums">
      {formatBytes(language, file.size)}
      {!file.stored && ` · ${t('chat.fileMissing')}`}
      {saved && ` · ${t('chat.savedFile')}`}
    </p>
  )
}

function SavingLine({ file, saving }: { readonly file: FileView; readonly saving: SavingView }) {
  const t = useT()
  const percent = saving.total === 0 ? 0 : (saving.done / saving.total) * 100
  return (
    <ProgressBar
      aria-label={t('chat.savingFile', { name: file.name })}
      value={percent}
      className="flex h-4 min-w-40 items-center gap-2 text-xs text-soft tabular-nums"
    >
      {({ valueText }) => (
        <>
          <Track percent={percent} className="h-1 flex-1" />
          {valueText}
        </>
      )}
    </ProgressBar>
  )
}

interface SaveButtonProps {
  readonly message: MessageView
  readonly file: FileView
  readonly saving: SavingView | undefined
}

/** One button that stays, so that the focus does: what it does follows what became of the file. */
function SaveButton({ message, file, saving }: SaveButtonProps) {
  const t = useT()
  const { conversationId, author, messageId } = message
  const row = { conversationId, author, messageId }
  if (saving === undefined) {
    const label = t('chat.saveFileAs', { name: file.name })
    return <Act icon={Download} label={label} onPress={() => void perform('files.save', row)} />
  }
  return saving.saved ? (
    <Act icon={FolderOpen} label={t('chat.showSaved')} onPress={() => void perform('files.reveal', row)} />
  ) : (
    <Act icon={X} label={t('app.cancel')} onPress={() => void perform('files.cancelSaving', row)} />
  )
}

/** Not a stop of the Tab key: the menu of the message has the same. */
function Act(props: { readonly icon: LucideIcon; readonly label: string; readonly onPress: () => void }) {
  return <IconButton {...props} size="small" excludeFromTabOrder />
}
