import { useEffect, useRef, useState } from 'react'
import { Form } from 'react-aria-components'
import type { ErrorCode } from '#shared/errors.ts'
import type { NewDeviceLinking } from '#shared/model/linking-views.ts'
import { parseAor, displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { type Translate, useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useLinking } from '#renderer/stores/linking-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { FormEnd } from '../onboarding/LocalAccountForm.tsx'
import { Ending, ShownCode } from './ShownCode.tsx'

/** What main was asked for, so that it can be asked again. */
interface Asked {
  readonly address: string
  readonly server: string | null
}

interface Failure {
  readonly at: 'address' | 'form'
  readonly text: string
}

const cancel = (): void => void attempt('linking.cancel', {})

/** Gets an account from another device of its owner; leaving it ends what runs. */
export function LinkForm({ onLinked }: { readonly onLinked: () => void }) {
  const t = useT()
  const linking = useLinking()
  const shown = linking?.side === 'new' ? linking : null
  const [asked, setAsked] = useState<Asked | null>(null)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)
  useCancelled(shown)

  async function begin(question: Asked): Promise<void> {
    if (!parseAor(question.address).ok) {
      setFailure({ at: 'address', text: t('onboarding.addressWrong') })
      return
    }
    setBusy(true)
    setFailure(null)
    setAsked(question)
    const reply = await attempt('linking.begin', { aor: question.address.trim(), server: question.server })
    setBusy(false)
    if (reply.ok) return
    const at = reply.code === 'address-invalid' || reply.code === 'account-exists' ? 'address' : 'form'
    setFailure({ at, text: errorText(t, reply.code, reply.params) })
  }

  if (shown === null) return <Question busy={busy} failure={failure} asked={asked} onBegin={begin} />
  return (
    <Shown
      linking={shown}
      onRenew={asked === null ? null : () => void begin(asked)}
      onDone={() => {
        cancel()
        onLinked()
      }}
    />
  )
}

/** Whoever turns to something else is not waiting any more. */
function useCancelled(linking: NewDeviceLinking | null): void {
  const running = useRef(false)
  useEffect(() => {
    running.current = linking !== null
  }, [linking])
  useEffect(
    () => () => {
      if (running.current) cancel()
    },
    [],
  )
}

function Question(props: {
  readonly busy: boolean
  readonly failure: Failure | null
  readonly asked: Asked | null
  readonly onBegin: (asked: Asked) => Promise<void>
}) {
  const { busy, failure, asked, onBegin } = props
  const t = useT()
  const [address, setAddress] = useState(asked?.address ?? '')
  const [server, setServer] = useState(asked?.server ?? '')
  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy) void onBegin({ address, server: server.trim() === '' ? null : server.trim() })
      }}
    >
      <p className="text-sm text-soft">{t('linking.formLead')}</p>
      <Field
        label={t('onboarding.address')}
        hint={t('linking.addressHint')}
        value={address}
        onChange={setAddress}
        error={failure?.at === 'address' ? failure.text : null}
        maxLength={400}
        isRequired
        autoComplete="off"
      />
      <Field
        label={t('linking.server')}
        hint={t('linking.serverHint')}
        value={server}
        onChange={setServer}
        maxLength={300}
        autoComplete="off"
      />
      <FormEnd busy={busy} busyText={t('linking.connecting')} error={failure?.at === 'form' ? failure.text : null}>
        {t('linking.begin')}
      </FormEnd>
    </Form>
  )
}

function failureText(t: Translate, error: ErrorCode | null): string {
  // Its sentence is for the other side.
  if (error === 'link-expired') return t('linking.expired')
  return error === null ? t('linking.failed') : errorText(t, error)
}

const waiting = {
  connecting: 'linking.connecting',
  checking: 'linking.checking',
  receiving: 'linking.receiving',
} as const

function Shown(props: {
  readonly linking: NewDeviceLinking
  readonly onRenew: (() => void) | null
  readonly onDone: () => void
}) {
  const { linking, onRenew, onDone } = props
  const t = useT()
  const { state, error } = linking
  if (state === 'showing') return <ShownCode linking={linking} onRenew={onRenew} onCancel={cancel} />
  if (state === 'failed') {
    return (
      <>
        <p role="alert">{failureText(t, error)}</p>
        <Ending onRenew={onRenew} onCancel={cancel} />
      </>
    )
  }
  if (state === 'done') {
    return (
      <>
        <p role="status">{t('linking.newDone', { name: displayAor(linking.account) })}</p>
        <DialogActions>
          <Button variant="primary" autoFocus onPress={onDone}>
            {t('app.next')}
          </Button>
        </DialogActions>
      </>
    )
  }
  return (
    <div role="status">
      <Working label={t(waiting[state])} />
      <DialogActions>
        <Button onPress={cancel}>{t('app.cancel')}</Button>
      </DialogActions>
    </div>
  )
}
