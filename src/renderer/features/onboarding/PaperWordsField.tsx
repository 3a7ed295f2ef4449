import { useT } from '#renderer/i18n/i18n.ts'
import { Field } from '#renderer/ui/Field.tsx'

/** Properties of {@link PaperWordsField}. */
export interface PaperWordsFieldProps {
  readonly value: string
  readonly onChange: (words: string) => void
  readonly error?: string | null
  readonly autoFocus?: boolean
  readonly isRequired?: boolean
  readonly isDisabled?: boolean
}

/** Where the words of a paper secret are typed. */
export function PaperWordsField(props: PaperWordsFieldProps) {
  const t = useT()
  return (
    <Field
      {...props}
      label={t('unlock.paper')}
      hint={t('unlock.paperHint')}
      type="password"
      maxLength={1000}
      autoComplete="off"
      revealLabel={t('restore.showWords')}
    />
  )
}
