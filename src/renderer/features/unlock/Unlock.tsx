import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { ErrorCode } from '#shared/errors.ts'
import type { AppView } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { type TextKey, type Translate, useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner, Working } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { StepFrame } from '../onboarding/StepFrame.tsx'
import { Upgrade } from './Upgrade.tsx'
import { damagedWays, firstWay, offeredWays, type Way } from './ways.ts'

const leads = {
  start: 'unlock.lead',
  user: 'unlock.leadLocked',
  idle: 'unlock.leadIdle',
  suspend: 'unlock.leadScreen',
  screen: 'unlock.leadScreen',
  lost: 'unlock.leadLost',
} as const satisfies Record<AppView['lockedBy'], TextKey>

/** The lock screen: any way of the ladder opens, and one that fails says why and leads to the next. */
export function Unlock() {
  const app = useApp()
  return app === null ? null : <LockScreen app={app} />
}

/** Why a way did not open. */
interface Failure {
  readonly way: Way
  readonly code: ErrorCode
}

function LockScreen({ app }: { readonly app: AppView }) {
  const t = useT()
  const asked: Failure | null = app.keychainFailure === null ? null : { way: 'keychain', code: app.keychainFailure }
  const [failure, setFailure] = useState(asked)
  const [way, setWay] = useState(() => firstWay(app))
  const [busy, setBusy] = useState(false)

  async function unlock(typed: string): Promise<void> {
    setBusy(true)
    setFailure(null)
    const code = await tryWay(way, typed)
    setBusy(false)
    if (code === null) return
    setFailure({ way, code })
    // What no typing can mend leads on; what was mistyped is typed again.
    if (way === 'keychain' || code === 'rung-damaged') setWay(firstWay(app, way))
  }

  return (
    <StepFrame title={t('unlock.title')} lead={t(leads[app.lockedBy])}>
      <div className="flex flex-col gap-3" data-unlock>
        {app.upgrade !== null && <Upgrade percent={app.upgrade} />}
        {failure !== null && failure.way !== way && <FailedWay failure={failure} />}
        {damagedWays(app.rungs).map((damaged) => (
          <Banner key={damaged} icon={TriangleAlert} tone="warn">
            {t(`unlock.damaged.${damaged}`)}
          </Banner>
        ))}
        {way === 'keychain' ? (
          <KeychainWay busy={busy} onPress={() => void unlock('')} />
        ) : (
          <TypedWay
            key={way}
            way={way}
            busy={busy}
            error={failure !== null && failure.way === way ? errorText(t, failure.code) : null}
            onSubmit={(typed) => void unlock(typed)}
          />
        )}
        <OtherWays
          way={way}
          app={app}
          isDisabled={busy}
          onChoose={(next) => {
            setWay(next)
            setFailure(null)
          }}
        />
      </div>
    </StepFrame>
  )
}

/** Null when it opened. */
async function tryWay(way: Way, typed: string): Promise<ErrorCode | null> {
  const reply =
    way === 'keychain'
      ? await attempt('keys.unlock', { rung: way, secret: null })
      : await withSecret(typed, (secret) => attempt('keys.unlock', { rung: way, secret }))
  return reply.ok ? null : reply.code
}

function FailedWay({ failure }: { readonly failure: Failure }) {
  const t = useT()
  return (
    <Banner icon={TriangleAlert} tone="warn" role="alert">
      {failureText(t, failure.code)}
    </Banner>
  )
}

const keychainTexts: Partial<Record<ErrorCode, TextKey>> = {
  'keychain-unavailable': 'unlock.keychainGone',
  'keychain-lost': 'unlock.keychainLost',
  'keychain-failed': 'unlock.keychainFailed',
}

function failureText(t: Translate, code: ErrorCode): string {
  const key = keychainTexts[code]
  return key === undefined ? errorText(t, code) : t(key)
}

function KeychainWay({ busy, onPress }: { readonly busy: boolean; readonly onPress: () => void }) {
  const t = useT()
  return (
    <>
      {busy && <Working label={t('unlock.byKeychain')} />}
      <Button variant="primary" onPress={onPress} isDisabled={busy} autoFocus>
        {t('unlock.keychain')}
      </Button>
    </>
  )
}

interface TypedWayProps {
  readonly way: Exclude<Way, 'keychain'>
  readonly busy: boolean
  readonly error: string | null
  readonly onSubmit: (typed: string) => void
}

function TypedWay({ way, busy, error, onSubmit }: TypedWayProps) {
  const t = useT()
  const [secret, setSecret] = useState('')
  const words = way === 'paper-secret'
  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        const typed = secret.normalize('NFKC')
        if (busy || typed.trim() === '') return
        onSubmit(words ? cleanWords(typed) : typed)
        setSecret('')
      }}
    >
      <Field
        label={words ? t('unlock.paper') : t('unlock.passphrase')}
        hint={words ? t('unlock.paperHint') : undefined}
        type="password"
        value={secret}
        onChange={setSecret}
        error={error}
        autoFocus
        maxLength={1000}
        autoComplete="current-password"
        revealLabel={t('onboarding.showPassphrase')}
      />
      {busy && <Working label={t('unlock.unlocking')} />}
      <Button type="submit" variant="primary" isDisabled={busy || secret.trim() === ''}>
        {t('unlock.unlock')}
      </Button>
    </Form>
  )
}

function cleanWords(typed: string): string {
  return typed.trim().toLowerCase().split(/\s+/u).join(' ')
}

const labels = {
  keychain: 'unlock.useKeychain',
  passphrase: 'unlock.usePassphrase',
  'paper-secret': 'unlock.usePaper',
} as const satisfies Record<Way, TextKey>

function OtherWays(props: {
  readonly way: Way
  readonly app: AppView
  readonly isDisabled: boolean
  readonly onChoose: (way: Way) => void
}) {
  const { way, app, isDisabled, onChoose } = props
  const t = useT()
  const others = offeredWays(app).filter((other) => other !== way)
  if (others.length === 0) return null
  return (
    <div role="group" aria-label={t('unlock.otherWays')} className="mt-1 flex flex-wrap justify-center gap-1">
      {others.map((other) => (
        <Button key={other} variant="quiet" size="small" isDisabled={isDisabled} onPress={() => onChoose(other)}>
          {t(labels[other])}
        </Button>
      ))}
    </div>
  )
}
