import { Merge } from 'lucide-react'
import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { CallId } from '#shared/model/calls.ts'
import { aorDomain, displayAor, parseAor } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, perform } from '#renderer/stores/actions.ts'
import { useAccount, useContacts } from '#renderer/stores/app-store.ts'
import { useCall, useCalls } from '#renderer/stores/call-store.ts'
import { Avatar } from '#renderer/ui/Avatar.tsx'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import type { CallView } from '#shared/model/calls.ts'
import { callName } from './call-words.ts'

/** People offered at once. */
const offered = 6

/** Where a call should go; closes by itself when the call is over. */
export function TransferDialog({ callId, onClose }: { readonly callId: CallId; readonly onClose: () => void }) {
  const t = useT()
  const view = useCall(callId)
  if (view?.phase !== 'active') return null
  return (
    <Dialog title={t('transfer.title')} closeLabel={t('app.close')} onClose={onClose}>
      <div className="flex flex-col gap-3">
        <OtherCalls view={view} onDone={onClose} />
        <Target view={view} onDone={onClose} />
      </div>
    </Dialog>
  )
}

/** The other calls of the account: their other sides can be connected with this one's. */
function OtherCalls({ view, onDone }: { readonly view: CallView; readonly onDone: () => void }) {
  const t = useT()
  const name = callName(t, view)
  const others = useCalls().filter(
    ({ id, accountId, phase }) => id !== view.id && accountId === view.accountId && phase === 'active',
  )
  if (others.length === 0) return null
  return (
    <section aria-label={t('transfer.otherCalls')} className="flex flex-col gap-2 border-b border-line pb-3">
      <p className="text-sm text-soft">{t('transfer.connectText')}</p>
      {others.map((other) => (
        <Button
          key={other.id}
          onPress={() => {
            void perform('calls.connect', { callId: view.id, withCall: other.id })
            onDone()
          }}
        >
          <Merge aria-hidden className="size-4" />
          <span className="min-w-0 wrap-anywhere">{t('transfer.connect', { name, other: callName(t, other) })}</span>
        </Button>
      ))}
    </section>
  )
}

function Target({ view, onDone }: { readonly view: CallView; readonly onDone: () => void }) {
  const t = useT()
  const account = useAccount(view.accountId)
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function transfer(address: string): Promise<void> {
    const domain = account === undefined ? '' : aorDomain(account.aor)
    const to = address.includes('@') ? address : `${address}@${domain}`
    if (!parseAor(to).ok) {
      setError(t('onboarding.addressWrong'))
      return
    }
    setBusy(true)
    const reply = await attempt('calls.transfer', { callId: view.id, to })
    setBusy(false)
    if (reply.ok) onDone()
    else setError(errorText(t, reply.code, reply.params))
  }

  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy && typed.trim() !== '') void transfer(typed.trim())
      }}
    >
      <p className="text-sm text-soft">{t('transfer.text', { name: callName(t, view) })}</p>
      <Field
        label={t('transfer.to')}
        value={typed}
        onChange={(value) => {
          setTyped(value)
          setError(null)
        }}
        error={error}
        autoFocus
        autoComplete="off"
        maxLength={400}
      />
      <People view={view} typed={typed} isDisabled={busy} onPick={(aor) => void transfer(displayAor(aor))} />
      <DialogActions>
        <Button
          type="submit"
          variant="primary"
          isDisabled={typed.trim() === ''}
          pendingText={busy ? t('transfer.asking') : undefined}
        >
          {t('transfer.do')}
        </Button>
      </DialogActions>
    </Form>
  )
}

interface PeopleProps {
  readonly view: CallView
  readonly typed: string
  readonly isDisabled: boolean
  readonly onPick: (aor: Aor) => void
}

function People({ view, typed, isDisabled, onPick }: PeopleProps) {
  const t = useT()
  const wanted = typed.trim().toLocaleLowerCase()
  const people = useContacts()
    .filter(({ aor, accountId, policy }) => accountId === view.accountId && aor !== view.peer && policy !== 'blocked')
    .filter(({ name, aor }) => `${name} ${displayAor(aor)}`.toLocaleLowerCase().includes(wanted))
    .slice(0, offered)
  if (people.length === 0) return null
  return (
    <ul aria-label={t('transfer.people')} className="flex flex-col">
      {people.map(({ aor, name }) => (
        <li key={aor}>
          <button
            type="button"
            disabled={isDisabled}
            onClick={() => onPick(aor)}
            className="flex w-full items-center gap-3 rounded-lg px-2 py-1.5 text-start hover:bg-hover disabled:opacity-50"
          >
            <Avatar name={name === '' ? displayAor(aor) : name} seed={aor} size="small" />
            <span className="min-w-0">
              <span className="block truncate font-medium">
                <bdi>{name === '' ? displayAor(aor) : name}</bdi>
              </span>
              <span className="block truncate text-xs text-soft">{displayAor(aor)}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}
