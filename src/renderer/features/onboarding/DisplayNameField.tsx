import { useT } from '#renderer/i18n/i18n.ts'
import { Field } from '#renderer/ui/Field.tsx'

/** Properties of {@link DisplayNameField}. */
export interface DisplayNameFieldProps {
  readonly value: string
  readonly onChange: (value: string) => void
}

/** The name that others see, which may stay empty. */
export function DisplayNameField({ value, onChange }: DisplayNameFieldProps) {
  const t = useT()
  return (
    <Field
      label={t('onboarding.displayName')}
      hint={t('onboarding.displayNameHint')}
      value={value}
      onChange={onChange}
      maxLength={80}
      autoComplete="off"
    />
  )
}
