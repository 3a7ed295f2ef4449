import { PhoneCall, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { Form } from 'react-aria-components'
import { aorDomain, displayAor, parseAor } from '#shared/model/aor.ts'
import type { AccountView } from '#shared/model/views.ts'
import { type TextKey, useT } from '#renderer/i18n/i18n.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { isRunning, useShownCalls } from '#renderer/stores/call-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Select } from '#renderer/ui/Choice.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import type { EchoTarget } from './echo-test.ts'
import { EchoProgress } from './EchoProgress.tsx'
import { FocusKept } from './FocusKept.tsx'
import { useEchoTest } from './use-echo-test.ts'

/** Calls an echo contact and says how that went. */
export function ConnectionTest() {
  const t = useT()
  const accounts = useAccounts().filter((account) => account.enabled)
  const [chosen, setChosen] = useState<string | null>(null)
  const connected = accounts.filter(({ connection }) => connection.kind === 'registered')
  const account = accounts.find(({ id }) => id === chosen) ?? connected[0] ?? accounts[0]
  if (account === undefined) return <p className="text-sm text-soft">{t('callTest.noAccount')}</p>
  return (
    <>
      {accounts.length > 1 && (
        <Select
          label={t('callTest.account')}
          value={account.id}
          options={accounts.map(({ id, aor }) => ({ value: id, label: displayAor(aor) }))}
          onChange={setChosen}
        />
      )}
      <OfAccount key={account.id} account={account} />
    </>
  )
}

/** Why there can be no test now; null = there can. */
function useObstacle(account: AccountView): TextKey | null {
  const busy = useShownCalls().some(isRunning)
  if (account.connection.kind !== 'registered') return 'callTest.offline'
  return busy ? 'callTest.busy' : null
}

function OfAccount({ account }: { readonly account: AccountView }) {
  const t = useT()
  const { state, test } = useEchoTest()
  const { echoContact } = account
  const [typed, setTyped] = useState(() => displayAor(echoContact ?? suggestion(account)))
  const [wrong, setWrong] = useState(false)
  const obstacle = useObstacle(account)
  const running = state.kind === 'calling' || state.kind === 'measuring' || state.kind === 'asking'

  const start = (): void => {
    const target: EchoTarget = { accountId: account.id, peer: typed.trim() }
    if (!parseAor(target.peer).ok) setWrong(true)
    else if (obstacle === null) void test.start(target)
  }
  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (!running) start()
      }}
    >
      {echoContact === null && <p className="text-sm">{t('callTest.noEcho', { domain: aorDomain(account.aor) })}</p>}
      <Field
        label={t('callTest.address')}
        hint={t(echoContact === null ? 'callTest.addressHint' : 'callTest.echoHint')}
        value={typed}
        onChange={(value) => {
          setTyped(value)
          setWrong(false)
        }}
        error={wrong ? t('onboarding.addressWrong') : null}
        isDisabled={running}
        maxLength={400}
        autoComplete="off"
      />
      {!running && (
        <>
          <FocusKept>
            <Button type="submit" variant="primary" isDisabled={obstacle !== null}>
              {state.kind === 'idle' ? (
                <PhoneCall aria-hidden className="size-4" />
              ) : (
                <RotateCw aria-hidden className="size-4" />
              )}
              {t(state.kind === 'idle' ? 'callTest.start' : 'callTest.again')}
            </Button>
          </FocusKept>
          {obstacle !== null && <p className="text-sm text-soft">{t(obstacle)}</p>}
        </>
      )}
      <EchoProgress state={state} test={test} peer={typed} />
    </Form>
  )
}

/** What such a contact is most often called. */
function suggestion({ aor }: AccountView): AccountView['aor'] {
  return `sip:echo@${aorDomain(aor)}` as AccountView['aor']
}
