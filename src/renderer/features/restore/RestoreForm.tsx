import { useEffect, useRef, useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountId } from '#shared/model/ids.ts'
import { parseAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { paperWordsOf } from '#renderer/stores/paper-words.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { FormEnd } from '../onboarding/LocalAccountForm.tsx'
import { RestoreFields, type RestoreProblem, type TypedRestore, nothingTyped } from './RestoreFields.tsx'
import { Restored } from './Restored.tsx'
import { placeOfProblem } from './restore-words.ts'

const cancel = (): void => void attempt('restore.cancel', {})

/** Gets an account back from its paper secret when no device of it is left; leaving it ends what runs. */
export function RestoreForm({ onRestored }: { readonly onRestored: () => void }) {
  const [accountId, setAccountId] = useState<AccountId | null>(null)
  if (accountId !== null) return <Restored accountId={accountId} onDone={onRestored} />
  return <Question onRestored={setAccountId} />
}

function ask(typed: TypedRestore) {
  const { address, words, password, replica, transport, server, displayName } = typed
  const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim())
  return withSecret(paperWordsOf(words), (wordBytes) =>
    withSecret(password, (passwordBytes) =>
      attempt('restore.begin', {
        ...{ aor: address.trim(), displayName: displayName.trim(), words: wordBytes },
        password: passwordBytes.length === 0 ? null : passwordBytes,
        ...{ replica: orNull(replica), server: orNull(server) },
        transport: transport === 'auto' ? null : transport,
      }),
    ),
  )
}

function Question({ onRestored }: { readonly onRestored: (id: AccountId) => void }) {
  const t = useT()
  const [typed, setTyped] = useState<TypedRestore>(nothingTyped)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<RestoreProblem | null>(null)
  useCancelled(busy)

  async function restore(): Promise<void> {
    if (!parseAor(typed.address).ok) {
      setProblem({ at: 'address', text: t('onboarding.addressWrong') })
      return
    }
    if (typed.words.trim() === '') {
      setProblem({ at: 'words', text: t('onboarding.required') })
      return
    }
    setBusy(true)
    setProblem(null)
    const reply = await ask(typed)
    setBusy(false)
    if (reply.ok) onRestored(reply.value)
    else if (reply.code !== 'cancelled')
      setProblem({ at: placeOfProblem(reply.code), text: errorText(t, reply.code, reply.params) })
  }

  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy) void restore()
      }}
    >
      <p className="text-sm text-soft">{t('restore.lead')}</p>
      <RestoreFields typed={typed} problem={problem} onChange={setTyped} />
      <FormEnd busy={busy} busyText={t('restore.working')} error={problem?.at === 'form' ? problem.text : null}>
        {t('restore.begin')}
      </FormEnd>
      {busy && <Button onPress={cancel}>{t('app.cancel')}</Button>}
    </Form>
  )
}

/** Whoever turns to something else is not waiting any more. */
function useCancelled(busy: boolean): void {
  const running = useRef(false)
  useEffect(() => {
    running.current = busy
  }, [busy])
  useEffect(
    () => () => {
      if (running.current) cancel()
    },
    [],
  )
}
