import { Maximize, Minimize } from 'lucide-react'
import { type RefObject, useEffect, useRef, useState } from 'react'
import type { CallView } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { Avatar } from '#renderer/ui/Avatar.tsx'
import { ControlButton } from '#renderer/ui/ControlButton.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { callName } from './call-words.ts'
import { usePictures } from './use-pictures.ts'

/** The pictures of both sides: the other one large, one's own in the corner as in a mirror. */
export function Stage({ view, full }: { readonly view: CallView; readonly full: boolean }) {
  const t = useT()
  const { local, remote } = usePictures(view.id)
  const stage = useRef<HTMLDivElement>(null)
  const name = callName(t, view)
  return (
    <div
      ref={stage}
      className={cx(
        'relative flex items-center justify-center overflow-hidden rounded-2xl bg-[light-dark(#20262a,#0b0d0f)]',
        full ? 'min-h-40 flex-1' : 'h-[min(16rem,34vh)]',
      )}
    >
      {remote === null ? (
        <div className="flex flex-col items-center gap-2 p-4 text-center text-white">
          <Avatar name={name} seed={view.peer} size="large" />
          <p className="text-sm">{t('control.cameraIsOff', { name })}</p>
        </div>
      ) : (
        <Picture stream={remote} label={t('control.remotePicture', { name })} className="size-full object-contain" />
      )}
      {local !== null && (
        <Picture
          stream={local}
          label={t('control.ownPicture')}
          className="absolute end-3 bottom-3 w-[min(9rem,30%)] -scale-x-100 rounded-lg border border-white/40 shadow-lg"
        />
      )}
      <div className="absolute end-3 top-3">
        <FullScreenButton stage={stage} />
      </div>
    </div>
  )
}

function Picture(props: { readonly stream: MediaStream; readonly label: string; readonly className: string }) {
  const { stream, label, className } = props
  const element = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    if (element.current !== null) element.current.srcObject = stream
  }, [stream])
  // The sound has an element of its own, which follows the chosen speaker.
  return (
    <video ref={element} aria-label={label} autoPlay muted playsInline disablePictureInPicture className={className} />
  )
}

function FullScreenButton({ stage }: { readonly stage: RefObject<HTMLElement | null> }) {
  const t = useT()
  const [full, setFull] = useState(false)
  useEffect(() => {
    const update = (): void => setFull(document.fullscreenElement !== null)
    document.addEventListener('fullscreenchange', update)
    return () => document.removeEventListener('fullscreenchange', update)
  }, [])
  const toggle = (): void => {
    const change = full ? document.exitFullscreen() : stage.current?.requestFullscreen()
    // Refused where the window may not fill the screen: it stays as it is.
    change?.catch(() => undefined)
  }
  return (
    <ControlButton
      icon={full ? Minimize : Maximize}
      label={t(full ? 'control.leaveFullScreen' : 'control.fullScreen')}
      size="small"
      onPress={toggle}
    />
  )
}
