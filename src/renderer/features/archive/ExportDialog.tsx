import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useRef, useState } from 'react'
import { Form } from 'react-aria-components'
import type { ExportResult } from '#shared/model/archive-views.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatBytes, formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { endedBehind } from '#renderer/stores/archive-store.ts'
import { useConversation } from '#renderer/stores/conversation-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Cards, Checkbox, Select } from '#renderer/ui/Choice.tsx'
import { DateField } from '#renderer/ui/DateField.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Banner, Fact } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { conversationName } from '../conversations/ConversationRow.tsx'
import { PassphraseFields } from '../onboarding/PassphraseFields.tsx'
import { ArchiveProgress } from './ArchiveProgress.tsx'
import { emptyForm, isProtected, recipientsOf, scopeOf, type ExportForm } from './export-request.ts'

type Scope = NonNullable<ReturnType<typeof scopeOf>>

function request(form: ExportForm, scope: Scope) {
  if (form.protection === 'none') {
    return attempt('archive.exportReadable', { scope, format: form.format, unprotected: true })
  }
  if (form.protection === 'recipients') {
    const recipients = [...recipientsOf(form.recipients)]
    return attempt('archive.exportSealed', { scope, protection: { kind: 'recipients', recipients } })
  }
  return withSecret(form.passphrase.normalize('NFC'), (passphrase) =>
    attempt('archive.exportSealed', { scope, protection: { kind: 'passphrase', passphrase } }),
  )
}

/** Writes the history, a conversation or a period to a file. */
export function ExportDialog({ id, onClose }: { readonly id: ConversationId | null; readonly onClose: () => void }) {
  const t = useT()
  const [form, setForm] = useState<ExportForm>({ ...emptyForm, scope: id === null ? 'all' : 'conversation' })
  const [running, setRunning] = useState(false)
  const hidden = useRef(false)
  const [error, setError] = useState<string | null>(null)
  const [result, setResult] = useState<ExportResult | null>(null)
  const scope = scopeOf(form, id)
  const change = (over: Partial<ExportForm>): void => setForm({ ...form, ...over })

  async function start(): Promise<void> {
    if (scope === null) return
    setRunning(true)
    setError(null)
    const reply = await request(form, scope)
    if (hidden.current) {
      endedBehind(reply, (done) => ({ kind: 'exported', result: done }))
      return
    }
    setRunning(false)
    if (!reply.ok) {
      if (reply.code !== 'cancelled') setError(errorText(t, reply.code, reply.params))
      return
    }
    setForm({ ...form, passphrase: '', again: '' })
    setResult(reply.value)
  }

  const hide = (): void => {
    hidden.current = true
    onClose()
  }

  if (result !== null) return <Exported result={result} onClose={onClose} />
  return (
    <Dialog
      title={t('archive.exportTitle')}
      closeLabel={t('app.close')}
      onClose={() => (running ? undefined : onClose())}
      {...(running ? { role: 'alertdialog' as const } : {})}
    >
      {running ? (
        <ArchiveProgress waiting={t('archive.whereTo')} hint={t('archive.exportHint')} onHide={hide} />
      ) : (
        <Form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            if (scope !== null && isProtected(form)) void start()
          }}
        >
          <ScopeFields form={form} id={id} onChange={change} />
          <ProtectionFields form={form} onChange={change} />
          {error !== null && (
            <Banner icon={TriangleAlert} tone="danger" role="alert">
              {error}
            </Banner>
          )}
          <DialogActions>
            <Button onPress={onClose}>{t('app.cancel')}</Button>
            <Button
              type="submit"
              variant={form.protection === 'none' ? 'danger' : 'primary'}
              isDisabled={scope === null || !isProtected(form)}
            >
              {t(form.protection === 'none' ? 'archive.exportOpen' : 'archive.export')}
            </Button>
          </DialogActions>
        </Form>
      )}
    </Dialog>
  )
}

interface FieldsProps {
  readonly form: ExportForm
  readonly onChange: (over: Partial<ExportForm>) => void
}

function ScopeFields({ form, id, onChange }: FieldsProps & { readonly id: ConversationId | null }) {
  const t = useT()
  const conversation = useConversation(id ?? ('' as ConversationId))
  const name = conversation === undefined ? '' : conversationName(conversation)
  const one = { value: 'conversation', label: t('archive.scopeConversation', { name }) } as const
  return (
    <>
      <Select
        label={t('archive.scope')}
        value={form.scope}
        options={[
          ...(id === null ? [] : [one]),
          { value: 'all', label: t('archive.scopeAll') },
          { value: 'period', label: t('archive.scopePeriod') },
        ]}
        onChange={(scope) => onChange({ scope })}
      />
      {form.scope === 'period' && (
        <div className="flex flex-wrap gap-3">
          <DateField label={t('archive.from')} value={form.from} onChange={(from) => onChange({ from })} />
          <DateField label={t('archive.to')} value={form.to} onChange={(to) => onChange({ to })} />
        </div>
      )}
    </>
  )
}

function ProtectionFields({ form, onChange }: FieldsProps) {
  const t = useT()
  return (
    <>
      <Cards
        label={t('archive.protection')}
        value={form.protection}
        options={[
          { value: 'passphrase', label: t('archive.passphrase'), text: t('archive.passphraseText') },
          { value: 'recipients', label: t('archive.recipients'), text: t('archive.recipientsText') },
          { value: 'none', label: t('archive.unprotected'), text: t('archive.unprotectedText') },
        ]}
        onChange={(protection) => onChange({ protection })}
      />
      {form.protection === 'passphrase' && (
        <PassphraseFields
          label={t('archive.passphraseNew')}
          value={form.passphrase}
          again={form.again}
          onChange={(passphrase) => onChange({ passphrase })}
          onChangeAgain={(again) => onChange({ again })}
          error={null}
        />
      )}
      {form.protection === 'recipients' && (
        <Field
          label={t('archive.recipientList')}
          hint={t('archive.recipientHint')}
          value={form.recipients}
          onChange={(recipients) => onChange({ recipients })}
          lines={3}
          maxLength={3000}
          mono
        />
      )}
      {form.protection === 'none' && <Unprotected form={form} onChange={onChange} />}
    </>
  )
}

function Unprotected({ form, onChange }: FieldsProps) {
  const t = useT()
  return (
    <div className="flex flex-col gap-3">
      <Select
        label={t('archive.format')}
        value={form.format}
        options={[
          { value: 'html', label: t('archive.html') },
          { value: 'json', label: t('archive.json') },
        ]}
        onChange={(format) => onChange({ format })}
      />
      <Banner icon={TriangleAlert} tone="danger">
        {t('archive.unprotectedWarning')}
      </Banner>
      <Checkbox isSelected={form.understood} onChange={(understood) => onChange({ understood })}>
        {t('archive.understood')}
      </Checkbox>
    </div>
  )
}

function Exported({ result, onClose }: { readonly result: ExportResult; readonly onClose: () => void }) {
  const t = useT()
  const language = useLanguage()
  const count = (value: number): string => formatCount(language, value)
  const sealed = result.signedBy.length > 0
  return (
    <Dialog title={t('archive.exported')} closeLabel={t('app.close')} onClose={onClose}>
      <Banner icon={CircleCheck} tone="tint" role="status">
        {t(sealed ? 'archive.verified' : 'archive.written')}
      </Banner>
      <dl className="mt-3 grid grid-cols-2 gap-x-4 text-sm">
        <Fact term={t('storage.messages')}>{count(result.messages)}</Fact>
        <Fact term={t('storage.conversations')}>{count(result.conversations)}</Fact>
        <Fact term={t('storage.attachments')}>{count(result.attachments)}</Fact>
        <Fact term={t('archive.size')}>{formatBytes(language, result.fileBytes)}</Fact>
        {result.missingAttachments > 0 && (
          <Fact term={t('archive.missing')} wide>
            {t('archive.missingText', { count: result.missingAttachments })}
          </Fact>
        )}
        {sealed && (
          <Fact term={t('archive.signedBy')} wide>
            {result.signedBy.map(displayAor).join(', ')}
          </Fact>
        )}
        <Fact term={t('archive.path')} mono wide>
          {result.path}
        </Fact>
      </dl>
      <DialogActions>
        <Button onPress={() => void attempt('archive.reveal', {})}>{t('archive.reveal')}</Button>
        <Button variant="primary" autoFocus onPress={onClose}>
          {t('app.done')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
