import {
  Activity,
  Grid3x3,
  type LucideIcon,
  Mic,
  MicOff,
  Pause,
  PhoneForwarded,
  PhoneOff,
  Play,
  Settings2,
  Video,
  VideoOff,
} from 'lucide-react'
import type { CallView } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { endCall, isHeldHere, setHeld } from '#renderer/stores/call-store.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { ControlButton } from '#renderer/ui/ControlButton.tsx'
import { callKeys } from './call-keys.ts'

/** What opens below the controls, one at a time. */
export type CallDrawer = 'keypad' | 'devices' | 'details' | null

/** Properties of {@link CallControls}. */
export interface CallControlsProps {
  readonly view: CallView
  readonly drawer: CallDrawer
  readonly onDrawer: (drawer: CallDrawer) => void
}

/** Everything one does with a call. */
export function CallControls({ view, drawer, onDrawer }: CallControlsProps) {
  const t = useT()
  const active = view.phase === 'active'
  return (
    <div
      role="group"
      aria-label={t('control.controls')}
      className="flex flex-wrap items-center gap-1 min-[28rem]:gap-2"
    >
      <MuteButton view={view} />
      <CameraButton view={view} />
      <HoldButton view={view} />
      <DrawerButton
        name="keypad"
        icon={Grid3x3}
        label={t('control.keypad')}
        {...{ drawer, onDrawer }}
        isDisabled={!active}
      />
      <ControlButton
        icon={PhoneForwarded}
        label={t('control.transfer')}
        isDisabled={!active}
        onPress={() => showDialog({ kind: 'transfer', callId: view.id })}
      />
      <DrawerButton name="devices" icon={Settings2} label={t('control.devices')} {...{ drawer, onDrawer }} />
      <DrawerButton name="details" icon={Activity} label={t('control.details')} {...{ drawer, onDrawer }} />
      <span className="flex-1" />
      <HangUpButton view={view} />
    </div>
  )
}

interface DrawerButtonProps extends Omit<CallControlsProps, 'view'> {
  readonly name: Exclude<CallDrawer, null>
  readonly icon: LucideIcon
  readonly label: string
  readonly isDisabled?: boolean
}

function DrawerButton({ name, icon, label, drawer, onDrawer, isDisabled = false }: DrawerButtonProps) {
  return (
    <ControlButton
      icon={icon}
      label={label}
      isDisabled={isDisabled}
      isExpanded={drawer === name}
      onPress={() => onDrawer(drawer === name ? null : name)}
    />
  )
}

interface ViewProps {
  readonly view: CallView
  readonly size?: 'normal' | 'small'
}

/** The microphone, off and on. */
export function MuteButton({ view, size = 'normal' }: ViewProps) {
  const t = useT()
  return (
    <ControlButton
      icon={view.muted ? MicOff : Mic}
      label={t(view.muted ? 'control.unmute' : 'control.mute')}
      keys={callKeys.mute}
      size={size}
      tone={view.muted ? 'marked' : 'plain'}
      onPress={() => void perform('calls.setMuted', { callId: view.id, muted: !view.muted })}
    />
  )
}

function CameraButton({ view }: ViewProps) {
  const t = useT()
  return (
    <ControlButton
      icon={view.camera ? Video : VideoOff}
      label={t(view.camera ? 'control.cameraOff' : 'control.cameraOn')}
      keys={callKeys.camera}
      isDisabled={view.phase !== 'active' || view.held !== 'no'}
      onPress={() => void perform('calls.setCamera', { callId: view.id, on: !view.camera })}
    />
  )
}

/** Holds and resumes. */
export function HoldButton({ view, size = 'normal' }: ViewProps) {
  const t = useT()
  const held = isHeldHere(view)
  return (
    <ControlButton
      icon={held ? Play : Pause}
      label={t(held ? 'control.resume' : 'control.hold')}
      keys={callKeys.hold}
      size={size}
      tone={held ? 'marked' : 'plain'}
      isDisabled={view.phase !== 'active'}
      onPress={() => void setHeld(view, !held)}
    />
  )
}

/** Ends the call, or cancels it before it is answered. */
export function HangUpButton({ view, size = 'normal' }: ViewProps) {
  const t = useT()
  const early = view.phase === 'preparing' || view.phase === 'calling' || view.phase === 'ringing'
  return (
    <ControlButton
      icon={PhoneOff}
      label={t(early ? 'control.cancelCall' : 'control.hangUp')}
      keys={callKeys.hangUp}
      tone="stop"
      size={size}
      onPress={() => endCall(view)}
    />
  )
}
