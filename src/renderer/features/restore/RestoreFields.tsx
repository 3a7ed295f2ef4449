import { useT } from '#renderer/i18n/i18n.ts'
import { Field } from '#renderer/ui/Field.tsx'
import { DisplayNameField } from '../onboarding/DisplayNameField.tsx'
import { PaperWordsField } from '../onboarding/PaperWordsField.tsx'
import { ServerFields, type Transport } from '../onboarding/ServerFields.tsx'
import type { ProblemPlace } from './restore-words.ts'

/** What is in the fields. */
export interface TypedRestore {
  readonly address: string
  readonly words: string
  readonly replica: string
  readonly password: string
  readonly displayName: string
  readonly transport: Transport
  readonly server: string
}

export interface RestoreProblem {
  readonly at: ProblemPlace
  readonly text: string
}

export const nothingTyped: TypedRestore = {
  ...{ address: '', words: '', replica: '', password: '', displayName: '' },
  ...{ transport: 'auto', server: '' },
}

/** Properties of {@link RestoreFields}. */
export interface RestoreFieldsProps {
  readonly typed: TypedRestore
  readonly problem: RestoreProblem | null
  readonly onChange: (typed: TypedRestore) => void
}

/** Address, words and server of what is to be restored, and how the account signs in. */
export function RestoreFields({ typed, problem, onChange }: RestoreFieldsProps) {
  const t = useT()
  const at = (place: ProblemPlace): string | null => (problem?.at === place ? problem.text : null)
  const change = (over: Partial<TypedRestore>): void => onChange({ ...typed, ...over })
  return (
    <>
      <Field
        label={t('onboarding.address')}
        hint={t('restore.addressHint')}
        value={typed.address}
        onChange={(address) => change({ address })}
        error={at('address')}
        maxLength={400}
        isRequired
        autoComplete="off"
      />
      <PaperWordsField value={typed.words} onChange={(words) => change({ words })} error={at('words')} isRequired />
      <Field
        label={t('linking.server')}
        hint={t('restore.serverHint')}
        value={typed.replica}
        onChange={(replica) => change({ replica })}
        error={at('replica')}
        maxLength={300}
        autoComplete="off"
      />
      <Field
        label={t('onboarding.password')}
        hint={t('restore.passwordHint')}
        type="password"
        value={typed.password}
        onChange={(password) => change({ password })}
        maxLength={300}
        autoComplete="current-password"
        revealLabel={t('onboarding.showPassphrase')}
      />
      <DisplayNameField value={typed.displayName} onChange={(displayName) => change({ displayName })} />
      <ServerFields
        transport={typed.transport}
        onTransport={(transport) => change({ transport })}
        server={typed.server}
        onServer={(server) => change({ server })}
      />
    </>
  )
}
