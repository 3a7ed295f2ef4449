import { CircleCheck, FileInput, ShieldCheck, TriangleAlert } from 'lucide-react'
import { useRef, useState } from 'react'
import { Form } from 'react-aria-components'
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { ImportOffer, ImportResult, ImportSummary } from '#shared/model/archive-views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatCount, formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { endedBehind } from '#renderer/stores/archive-store.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Banner, Fact } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { ArchiveProgress } from './ArchiveProgress.tsx'

type Step =
  | { readonly at: 'choose' }
  | { readonly at: 'secret'; readonly offer: ImportOffer }
  | { readonly at: 'summary'; readonly offer: ImportOffer; readonly summary: ImportSummary }
  | { readonly at: 'done'; readonly result: ImportResult }

/** Properties of {@link ImportDialog}. */
export interface ImportDialogProps {
  /** `imported` = something was. */
  readonly onClose: (imported: boolean) => void
  /** Where something else shows what runs: the dialog may be closed meanwhile. */
  readonly mayHide?: boolean
}

/** Brings a history from a file: choose, open, see what would change, import. */
export function ImportDialog({ onClose, mayHide = false }: ImportDialogProps) {
  const t = useT()
  const [step, setStep] = useState<Step>({ at: 'choose' })
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const hidden = useRef(false)

  async function run<T>(work: Promise<BridgeReply<T>>, then: (value: T) => void): Promise<void> {
    setBusy(true)
    setError(null)
    const reply = await work
    setBusy(false)
    if (reply.ok) then(reply.value)
    else setError(reply.code === 'cancelled' ? t('archive.cancelled') : errorText(t, reply.code, reply.params))
  }

  const choose = (): Promise<void> =>
    run(attempt('archive.choose', {}), (offer) => {
      if (offer !== null) setStep({ at: 'secret', offer })
    })
  const verify = (offer: ImportOffer, text: string | null): Promise<void> =>
    run(
      text === null
        ? attempt('archive.verify', { secret: null })
        : withSecret(text, (secret) => attempt('archive.verify', { secret })),
      (summary) => setStep({ at: 'summary', offer, summary }),
    )
  const apply = (): Promise<void> => {
    const importing = attempt('archive.import', {})
    void importing.then((reply) => {
      if (hidden.current) endedBehind(reply, (result) => ({ kind: 'imported', result }))
    })
    return run(importing, (result) => setStep({ at: 'done', result }))
  }
  const hide = (): void => {
    hidden.current = true
    onClose(false)
  }
  const close = (): void => {
    if (busy) return
    if (step.at !== 'done') void attempt('archive.cancel', {})
    onClose(step.at === 'done')
  }

  const changes = step.at === 'summary'

  return (
    <Dialog
      title={t('archive.importTitle')}
      closeLabel={t('app.close')}
      onClose={close}
      {...(busy ? { role: 'alertdialog' as const } : {})}
    >
      {showsProgress(busy, step) ? (
        <ArchiveProgress
          waiting={t('archive.opening')}
          hint={t(changes ? 'archive.importHint' : 'archive.verifyHint')}
          onHide={mayHide && changes ? hide : undefined}
        />
      ) : (
        <>
          {error !== null && (
            <div className="mb-4">
              <Banner icon={TriangleAlert} tone="danger" role="alert">
                {error}
              </Banner>
            </div>
          )}
          {step.at === 'choose' && <Choose busy={busy} onChoose={() => void choose()} onClose={close} />}
          {step.at === 'secret' && (
            <Secret
              offer={step.offer}
              onVerify={(text) => void verify(step.offer, text)}
              onOther={() => setStep({ at: 'choose' })}
            />
          )}
          {step.at === 'summary' && <Summary {...step} onImport={() => void apply()} onClose={close} />}
          {step.at === 'done' && <Done result={step.result} onClose={close} />}
        </>
      )}
    </Dialog>
  )
}

/** Choosing a file has the system's own dialog. */
function showsProgress(busy: boolean, step: Step): boolean {
  return busy && step.at !== 'choose'
}

function Choose({ busy, onChoose, onClose }: { busy: boolean; onChoose: () => void; onClose: () => void }) {
  const t = useT()
  return (
    <>
      <p>{t('archive.importLead')}</p>
      <p className="mt-2 text-sm text-soft">{t('archive.importLeadMore')}</p>
      <DialogActions>
        <Button onPress={onClose}>{t('app.cancel')}</Button>
        <Button variant="primary" autoFocus onPress={onChoose} isDisabled={busy}>
          {t('archive.choose')}
        </Button>
      </DialogActions>
    </>
  )
}

interface SecretProps {
  readonly offer: ImportOffer
  readonly onVerify: (text: string | null) => void
  readonly onOther: () => void
}

/** Passphrase or key of the file; none for Blink's. */
function Secret({ offer, onVerify, onOther }: SecretProps) {
  const t = useT()
  const [text, setText] = useState('')
  const blink = offer.kind === 'blink'
  const submit = (): void => {
    setText('')
    onVerify(blink ? null : offer.kind === 'passphrase' ? text.normalize('NFC') : text)
  }
  return (
    <Form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (blink || text !== '') submit()
      }}
    >
      <p className="flex items-center gap-2">
        <FileInput aria-hidden className="size-4 shrink-0 text-soft" />
        <bdi className="min-w-0 font-medium wrap-anywhere">{offer.fileName}</bdi>
      </p>
      {blink ? (
        <p className="text-sm text-soft">{t('archive.blinkText')}</p>
      ) : (
        <Field
          label={t(offer.kind === 'passphrase' ? 'archive.passphraseOf' : 'archive.keyOf')}
          hint={t(offer.kind === 'passphrase' ? 'archive.passphraseOfHint' : 'archive.keyOfHint')}
          type="password"
          value={text}
          onChange={setText}
          autoFocus
          maxLength={1000}
          autoComplete="off"
          revealLabel={t('onboarding.showPassphrase')}
        />
      )}
      <DialogActions>
        <Button onPress={onOther}>{t('archive.otherFile')}</Button>
        <Button type="submit" variant="primary" isDisabled={!blink && text === ''} autoFocus={blink}>
          {t('archive.verify')}
        </Button>
      </DialogActions>
    </Form>
  )
}

interface SummaryProps {
  readonly offer: ImportOffer
  readonly summary: ImportSummary
  readonly onImport: () => void
  readonly onClose: () => void
}

const worths = { own: 'worthOwn', mixed: 'worthMixed', foreign: 'worthForeign', unsigned: 'worthUnsigned' } as const

/** What the import would change; nothing has changed yet. */
function Summary({ offer, summary, onImport, onClose }: SummaryProps) {
  const t = useT()
  const language = useLanguage()
  const count = (value: number): string => formatCount(language, value)
  const nothing = summary.newMessages + summary.newOthers + summary.newConversations === 0
  return (
    <div className="flex flex-col gap-3">
      <Banner
        icon={summary.worth === 'own' ? ShieldCheck : TriangleAlert}
        tone={summary.worth === 'own' ? 'tint' : 'warn'}
      >
        {t(summary.source === 'blink' ? 'archive.worthBlink' : `archive.${worths[summary.worth]}`)}
      </Banner>
      <p className="text-sm font-medium">{t(nothing ? 'archive.nothingNew' : 'archive.wouldChange')}</p>
      <dl className="grid grid-cols-2 gap-x-4 text-sm">
        <Fact term={t('archive.newMessages')}>{count(summary.newMessages)}</Fact>
        <Fact term={t('archive.newConversations')}>{count(summary.newConversations)}</Fact>
        <Fact term={t('archive.heldMessages')}>{count(summary.heldMessages)}</Fact>
        <Fact term={t('archive.newOthers')}>{count(summary.newOthers)}</Fact>
        {summary.conflicts > 0 && <Fact term={t('archive.conflicts')}>{count(summary.conflicts)}</Fact>}
        {summary.attachments > 0 && <Fact term={t('storage.attachments')}>{count(summary.attachments)}</Fact>}
        {summary.leftOut > 0 && <Fact term={t('archive.leftOut')}>{count(summary.leftOut)}</Fact>}
        <Fact term={t('archive.file')} wide>
          {offer.fileName}
        </Fact>
        {summary.createdAt !== null && (
          <Fact term={t('archive.createdAt')} wide>
            {formatDateTime(language, summary.createdAt)}
          </Fact>
        )}
        {summary.accounts.length > 0 && (
          <Fact term={t('archive.accounts')} wide>
            {summary.accounts.map(({ aor }) => displayAor(aor)).join(', ')}
          </Fact>
        )}
      </dl>
      {summary.resumes && <p className="text-sm text-soft">{t('archive.resumes')}</p>}
      <DialogActions>
        <Button onPress={onClose}>{t('app.cancel')}</Button>
        <Button variant="primary" autoFocus onPress={onImport}>
          {t('archive.import')}
        </Button>
      </DialogActions>
    </div>
  )
}

function Done({ result, onClose }: { readonly result: ImportResult; readonly onClose: () => void }) {
  const t = useT()
  const language = useLanguage()
  const formatted = formatCount(language, result.newMessages)
  return (
    <>
      <Banner icon={CircleCheck} tone="tint" role="status">
        {t('archive.imported', { count: result.newMessages, formatted })}
      </Banner>
      {result.leftOut > 0 && (
        <p className="mt-3 text-sm text-soft">{t('archive.leftOutText', { count: result.leftOut })}</p>
      )}
      <DialogActions>
        <Button variant="primary" autoFocus onPress={onClose}>
          {t('app.done')}
        </Button>
      </DialogActions>
    </>
  )
}
