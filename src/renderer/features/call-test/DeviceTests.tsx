import { useEffect, useRef, useState } from 'react'
import type { SettingsView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { openCamera } from '#renderer/media/camera-picture.ts'
import { watchLevel } from '#renderer/media/level-meter.ts'
import { playTone } from '#renderer/media/tone-player.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DeviceFields } from '../calls/DeviceFields.tsx'

interface DeviceProps {
  readonly settings: SettingsView
}

/** The microphone, and how loud it is; open only while the user tests it. */
export function MicrophoneTest({ settings }: DeviceProps) {
  const t = useT()
  const [listening, setListening] = useState(false)
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <DeviceFields roles={['microphone']} />
      <Button size="small" className="self-start" onPress={() => setListening(!listening)}>
        {t(listening ? 'callTest.stopMicrophone' : 'callTest.tryMicrophone')}
      </Button>
      {listening && <Level key={settings.microphone} settings={settings} />}
    </div>
  )
}

function Level({ settings }: DeviceProps) {
  const t = useT()
  const [level, setLevel] = useState(0)
  const [failed, setFailed] = useState(false)
  useEffect(() => watchLevel(settings, setLevel, () => setFailed(true)), [settings])
  if (failed) return <Failed text={t('callTest.microphoneFailed')} />
  const percent = Math.round(level * 100)
  return (
    <div className="flex flex-col gap-1">
      <div
        role="meter"
        aria-label={t('callTest.level')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        className="h-2 overflow-hidden rounded-full border border-edge bg-sunken"
      >
        <svg aria-hidden viewBox="0 0 100 1" preserveAspectRatio="none" className="size-full">
          <rect width={percent} height={1} className="fill-accent" />
        </svg>
      </div>
      <p className="text-sm text-soft">{t('callTest.speakNow')}</p>
    </div>
  )
}

/** The speaker, and a tone on it. */
export function SpeakerTest({ settings }: DeviceProps) {
  const t = useT()
  const [playing, setPlaying] = useState(false)
  const { speaker } = settings
  useEffect(() => (playing ? playTone('test', speaker, () => setPlaying(false)) : undefined), [playing, speaker])
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <DeviceFields roles={['speaker']} />
      <div className="flex flex-wrap items-center gap-3">
        <Button size="small" onPress={() => setPlaying(true)} isDisabled={playing}>
          {t('callTest.playTone')}
        </Button>
        <p role="status" className="text-sm text-soft">
          {playing ? t('callTest.playing') : t('callTest.toneHint')}
        </p>
      </div>
    </div>
  )
}

/** The camera, and its picture; open only while the user looks at it. */
export function CameraTest({ settings }: DeviceProps) {
  const t = useT()
  const [watching, setWatching] = useState(false)
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <DeviceFields roles={['camera']} />
      <Button size="small" className="self-start" onPress={() => setWatching(!watching)}>
        {t(watching ? 'callTest.hidePicture' : 'callTest.showPicture')}
      </Button>
      {watching && <Picture key={settings.camera} settings={settings} />}
    </div>
  )
}

function Picture({ settings }: DeviceProps) {
  const t = useT()
  const element = useRef<HTMLVideoElement>(null)
  const [failed, setFailed] = useState(false)
  const { camera } = settings
  useEffect(() => {
    const show = (stream: MediaStream): void => {
      if (element.current !== null) element.current.srcObject = stream
    }
    return openCamera(camera, show, () => setFailed(true))
  }, [camera])
  if (failed) return <Failed text={t('callTest.cameraFailed')} />
  return (
    <video
      ref={element}
      aria-label={t('control.ownPicture')}
      autoPlay
      muted
      playsInline
      disablePictureInPicture
      className="aspect-video w-full max-w-80 -scale-x-100 rounded-xl border border-line bg-sunken object-cover"
    />
  )
}

function Failed({ text }: { readonly text: string }) {
  return (
    <p role="alert" className="text-sm text-danger">
      {text}
    </p>
  )
}
