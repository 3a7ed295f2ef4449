import { useEffect, useRef, useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountId } from '#shared/model/ids.ts'
import type { ChainBranchView } from '#shared/model/replication-views.ts'
import { parseAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { paperWordsOf } from '#renderer/stores/paper-words.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { FormEnd } from '../onboarding/LocalAccountForm.tsx'
import { RestoreFields, type RestoreProblem, type TypedRestore, nothingTyped } from './RestoreFields.tsx'
import { RestoreVersions } from './RestoreVersions.tsx'
import { Restored } from './Restored.tsx'
import { placeOfProblem } from './restore-words.ts'

const cancel = (): void => void attempt('restore.cancel', {})

/** Gets an account back from its paper secret when no device of it is left; leaving it ends what runs. */
export function RestoreForm({ onRestored }: { readonly onRestored: () => void }) {
  const [accountId, setAccountId] = useState<AccountId | null>(null)
  if (accountId !== null) return <Restored accountId={accountId} onDone={onRestored} />
  return <Question onRestored={setAccountId} />
}

function ask(typed: TypedRestore, branch: string | null) {
  const { address, words, password, replica, transport, server, displayName } = typed
  const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim())
  return withSecret(paperWordsOf(words), (wordBytes) =>
    withSecret(password, (passwordBytes) =>
      attempt('restore.begin', {
        ...{ aor: address.trim(), displayName: displayName.trim(), words: wordBytes },
        branch,
        password: passwordBytes.length === 0 ? null : passwordBytes,
        ...{ replica: orNull(replica), server: orNull(server) },
        transport: transport === 'auto' ? null : transport,
      }),
    ),
  )
}

/** The answer while the list of devices is in two versions. */
interface Fork {
  readonly branches: readonly ChainBranchView[]
  readonly isPickGone: boolean
}

function forkOf(branches: readonly ChainBranchView[], picked: string | null): Fork {
  return { branches, isPickGone: picked !== null && branches.every(({ key }) => key !== picked) }
}

/** Another set of versions is looked at anew. */
function keyOf({ branches }: Fork): string {
  return branches.map(({ key }) => key).join(' ')
}

function Question({ onRestored }: { readonly onRestored: (id: AccountId) => void }) {
  const t = useT()
  const [typed, setTyped] = useState<TypedRestore>(nothingTyped)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<RestoreProblem | null>(null)
  const [fork, setFork] = useState<Fork | null>(null)
  useCancelled(busy)

  /** The failure, null without one. */
  async function begin(branch: string | null): Promise<RestoreProblem | null> {
    const reply = await ask(typed, branch)
    if (!reply.ok && reply.code === 'cancelled') return null
    if (!reply.ok) return { at: placeOfProblem(reply.code), text: errorText(t, reply.code, reply.params) }
    if (reply.value.kind === 'restored') {
      onRestored(reply.value.accountId)
      return null
    }
    const next = forkOf(reply.value.branches, branch)
    setFork(next)
    return branch === null || next.isPickGone ? null : { at: 'form', text: errorText(t, 'restore-forked') }
  }

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
    const failure = await begin(null)
    setBusy(false)
    setProblem(failure)
  }

  async function pick(branch: string): Promise<string | null> {
    const failure = await begin(branch)
    if (failure?.at !== 'versions') return failure?.text ?? null
    setFork(null)
    setProblem(failure)
    return null
  }

  if (fork !== null) return <RestoreVersions key={keyOf(fork)} {...fork} onPick={pick} />

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
      <FormEnd busy={busy} busyText={t('restore.working')} error={textAt(problem)}>
        {t('restore.begin')}
      </FormEnd>
      {busy && <Button onPress={cancel}>{t('app.cancel')}</Button>}
    </Form>
  )
}

/** What stands at no field of its own. */
function textAt(problem: RestoreProblem | null): string | null {
  return problem?.at === 'form' || problem?.at === 'versions' ? problem.text : null
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
