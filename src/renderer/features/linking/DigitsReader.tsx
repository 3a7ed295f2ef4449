import { useState } from 'react'
import { Form } from 'react-aria-components'
import { linkCodeDigits } from '#shared/linking/link-code.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { codeDigits, groupCode } from './code-digits.ts'

/** The eight digits of the other device, typed. */
export function DigitsReader({ onDigits }: { readonly onDigits: (digits: string) => void }) {
  const t = useT()
  const [digits, setDigits] = useState('')
  const [short, setShort] = useState(false)
  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        setShort(digits.length < linkCodeDigits)
        if (digits.length < linkCodeDigits) return
        setDigits('')
        onDigits(digits)
      }}
    >
      <Field
        label={t('linking.digits')}
        hint={t('linking.digitsHint')}
        value={groupCode(digits)}
        onChange={(typed) => setDigits(codeDigits(typed))}
        error={short && digits.length < linkCodeDigits ? t('linking.digitsShort') : null}
        autoComplete="off"
        inputMode="numeric"
        mono
      />
      <Button type="submit" variant="primary" className="self-start">
        {t('linking.look')}
      </Button>
    </Form>
  )
}
