import { useT } from '#renderer/i18n/i18n.ts'
import { cx } from '#renderer/ui/cx.ts'
import { Field } from '#renderer/ui/Field.tsx'
import { passphraseStrength, type Strength } from './passphrase-strength.ts'

const steps: Readonly<Record<Strength, number>> = { none: 0, weak: 1, fair: 2, good: 3, strong: 4 }

/** Properties of {@link PassphraseFields}. */
export interface PassphraseFieldsProps {
  readonly label: string
  readonly value: string
  readonly again: string
  readonly onChange: (value: string) => void
  readonly onChangeAgain: (value: string) => void
  readonly error: string | null
  readonly autoFocus?: boolean
}

/** A new passphrase, typed twice, with its strength in words. */
export function PassphraseFields(props: PassphraseFieldsProps) {
  const { label, value, again, onChange, onChangeAgain, error, autoFocus = false } = props
  const t = useT()
  const strength = passphraseStrength(value)
  return (
    <div className="flex flex-col gap-3">
      <Field
        label={label}
        type="password"
        autoComplete="new-password"
        value={value}
        onChange={onChange}
        hint={t('onboarding.passphraseHint')}
        error={error}
        autoFocus={autoFocus}
        maxLength={300}
        revealLabel={t('onboarding.showPassphrase')}
      />
      <div className="flex items-center gap-3 text-sm text-soft">
        <span aria-hidden className="flex w-24 gap-1">
          {[1, 2, 3, 4].map((step) => (
            <span
              key={step}
              className={cx(
                'h-1.5 flex-1 rounded-full',
                steps[strength] >= step ? (steps[strength] < 3 ? 'bg-warn' : 'bg-good') : 'bg-hover',
              )}
            />
          ))}
        </span>
        <span role="status">{t('onboarding.strength.label', { word: t(`onboarding.strength.${strength}`) })}</span>
      </div>
      <Field
        label={t('onboarding.passphraseAgain')}
        type="password"
        autoComplete="new-password"
        value={again}
        onChange={onChangeAgain}
        maxLength={300}
        error={again !== '' && again !== value ? t('onboarding.passphraseDiffers') : null}
      />
    </div>
  )
}

/** Whether a new passphrase may be used: strong enough, and typed the same twice. */
export function passphraseReady(value: string, again: string): boolean {
  return value === again && steps[passphraseStrength(value)] >= steps.good
}
