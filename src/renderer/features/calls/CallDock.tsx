import { ChevronDown, ChevronUp, EyeOff, MicOff, X } from 'lucide-react'
import { useState } from 'react'
import type { CallView } from '#shared/model/calls.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import {
  type CallSize,
  isRunning,
  noteDevice,
  setCallSize,
  useCalls,
  useCallSize,
  useDeviceNotice,
  useRunningCall,
} from '#renderer/stores/call-store.ts'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { CallControls, type CallDrawer, HangUpButton, HoldButton, MuteButton } from './CallControls.tsx'
import { CallAnnouncer, CallState } from './CallState.tsx'
import { callName } from './call-words.ts'
import { Compare, Warnings } from './Compare.tsx'
import { DeviceFields, VoiceSwitches } from './DeviceFields.tsx'
import { EndedCall } from './EndedCall.tsx'
import { Keypad } from './Keypad.tsx'
import { LivePanel } from './LivePanel.tsx'
import { Readers, ReadersMark } from './Readers.tsx'
import { Referral } from './Referral.tsx'
import { Stage } from './Stage.tsx'

/** The calls of a conversation, on top of its messages; one that rings stands above everything instead. */
export function CallDock({ id }: { readonly id: ConversationId }) {
  const calls = useCalls().filter((view) => view.conversationId === id)
  return calls.map((view) =>
    isRunning(view) ? <RunningCall key={view.id} view={view} /> : <Ended key={view.id} view={view} />,
  )
}

function Ended({ view }: { readonly view: CallView }) {
  return view.phase === 'ended' ? <EndedCall view={view} /> : null
}

/** Whether a call fills its conversation, so that the messages give way. */
export function useFullCall(id: ConversationId): boolean {
  return useCallSize(useRunningCall(id)) === 'full'
}

function RunningCall({ view }: { readonly view: CallView }) {
  const t = useT()
  const size = useCallSize(view) ?? 'normal'
  const [drawer, setDrawer] = useState<CallDrawer>(null)
  const full = size === 'full'
  return (
    <section
      aria-label={t('call.with', { name: callName(t, view) })}
      data-pane="call"
      className={cx(
        'flex flex-col border-b border-line bg-panel',
        full ? 'min-h-0 flex-1' : 'min-h-0 shrink-0',
        // The answers to what is asked first are to be in sight.
        !full && (view.security.comparison === 'compare' ? 'max-h-[82%]' : 'max-h-[65%]'),
      )}
    >
      <Head view={view} size={size} />
      <CallAnnouncer view={view} />
      {view.referral !== null && (
        <div className="px-3 pb-2">
          <Referral view={view} />
        </div>
      )}
      {size !== 'compact' && (
        <>
          <div className={cx('flex min-h-0 flex-col gap-2.5 overflow-y-auto px-3 pb-1 *:shrink-0', full && 'flex-1')}>
            <Security view={view} />
            <Facts view={view} />
            {(view.video || full) && <Stage view={view} full={full} />}
            <Drawer view={view} drawer={drawer} />
          </div>
          {/* Always in sight, whatever is open above them. */}
          <div className="shrink-0 px-3 py-2">
            <CallControls view={view} drawer={drawer} onDrawer={setDrawer} />
          </div>
        </>
      )}
    </section>
  )
}

/** Who can follow the call, what is wrong with that, and comparing. */
function Security({ view }: { readonly view: CallView }) {
  const [answered, setAnswered] = useState(false)
  return (
    <>
      <Readers view={view} />
      <Warnings view={view} which="grave" answered={answered} />
      <Compare view={view} answered={answered} onAnswered={() => setAnswered(true)} />
      <Warnings view={view} which="other" />
    </>
  )
}

const larger: Readonly<Record<CallSize, CallSize | null>> = { compact: 'normal', normal: 'full', full: null }
const smaller: Readonly<Record<CallSize, CallSize | null>> = { compact: null, normal: 'compact', full: 'normal' }

function Head({ view, size }: { readonly view: CallView; readonly size: CallSize }) {
  const t = useT()
  const [up, down] = [smaller[size], larger[size]]
  const compact = size === 'compact'
  return (
    <div className="flex min-h-12 items-center gap-2 px-3 py-1.5">
      <span className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-3 text-sm font-medium">
        <CallState view={view} />
        {compact && (
          <span className="text-xs font-normal">
            <ReadersMark readers={view.security.readers} />
          </span>
        )}
      </span>
      {compact && (
        <>
          <MuteButton view={view} size="small" />
          <HoldButton view={view} size="small" />
          <HangUpButton view={view} size="small" />
        </>
      )}
      {up !== null && (
        <IconButton
          icon={ChevronUp}
          label={t('control.smaller')}
          size="small"
          onPress={() => setCallSize(view.id, up)}
        />
      )}
      {down !== null && (
        <IconButton
          icon={ChevronDown}
          label={t('control.larger')}
          size="small"
          onPress={() => setCallSize(view.id, down)}
        />
      )}
    </div>
  )
}

const transferTexts = { asked: 'transfer.asked', trying: 'transfer.trying', failed: 'transfer.failed' } as const

/** What else is so, each in a line: early media, the hidden address, silence, a transfer, a device that went. */
function Facts({ view }: { readonly view: CallView }) {
  const t = useT()
  const name = callName(t, view)
  const notice = useDeviceNotice()
  const { transfer } = view
  return (
    <>
      {notice !== null && (
        <Banner
          icon={MicOff}
          role="status"
          actions={<IconButton icon={X} label={t('app.dismiss')} size="small" onPress={() => noteDevice(null)} />}
        >
          {t(notice.change === 'gone' ? `call.deviceGone.${notice.role}` : `call.deviceBack.${notice.role}`)}
        </Banner>
      )}
      {transfer !== null && (
        <p role="status" className={cx('text-sm', transfer.state === 'failed' && 'text-danger')}>
          {t(transferTexts[transfer.state], { name, to: displayAor(transfer.to) })}
        </p>
      )}
      {view.earlyMedia && view.phase !== 'active' && <p className="text-sm text-soft">{t('call.early')}</p>}
      {view.addressHidden && (
        <p className="flex items-start gap-1.5 text-sm text-soft">
          <EyeOff aria-hidden className="mt-0.5 size-4 shrink-0" />
          {t('call.hiddenAddress', { name })}
        </p>
      )}
    </>
  )
}

function Drawer({ view, drawer }: { readonly view: CallView; readonly drawer: CallDrawer }) {
  const t = useT()
  if (drawer === 'keypad') return <Keypad callId={view.id} />
  if (drawer === 'details') return <LivePanel view={view} />
  if (drawer === null) return null
  return (
    <section aria-label={t('control.devices')} className="grid gap-x-4 gap-y-2 min-[40rem]:grid-cols-2">
      <div className="flex flex-col gap-2">
        <DeviceFields />
      </div>
      <VoiceSwitches />
    </section>
  )
}
