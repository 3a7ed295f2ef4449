import { useState } from 'react'
import { Form } from 'react-aria-components'
import { useT } from '#renderer/i18n/i18n.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { codeDigits, codeLength, groupCode } from './code-digits.ts'

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
        setShort(digits.length < codeLength)
        if (digits.length < codeLength) return
        setDigits('')
        onDigits(digits)
      }}
    >
      <Field
        label={t('linking.digits')}
        hint={t('linking.digitsHint')}
        value={groupCode(digits)}
        onChange={(typed) => setDigits(codeDigits(typed))}
        error={short && digits.length < codeLength ? t('linking.digitsShort') : null}
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
