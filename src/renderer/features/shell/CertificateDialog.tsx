import { useState } from 'react'
import { displayAor } from '#shared/model/aor.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccount } from '#renderer/stores/app-store.ts'
import { type CertificateQuestion, dropCertificateProblem, useCertificates } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Checkbox } from '#renderer/ui/Choice.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Fact } from '#renderer/ui/Feedback.tsx'

/** Asks about a server certificate that could not be checked; Escape and the default answer are no. */
export function CertificateDialog() {
  const [question] = useCertificates()
  if (question === undefined) return null
  return <Question key={`${question.accountId} ${question.problem.spkiSha256}`} question={question} />
}

function Question({ question }: { readonly question: CertificateQuestion }) {
  const t = useT()
  const { accountId, problem } = question
  const account = useAccount(accountId)
  const [compared, setCompared] = useState(false)

  function answer(trust: boolean): void {
    dropCertificateProblem(question)
    void perform('accounts.trustCertificate', { accountId, spkiSha256: problem.spkiSha256, trust })
  }

  return (
    <Dialog title={t('certificate.title')} closeLabel={t('app.close')} role="alertdialog" onClose={() => answer(false)}>
      <p>
        {t('certificate.lead', { account: account === undefined ? problem.expectedName : displayAor(account.aor) })}
      </p>
      <p className="mt-2 font-medium text-danger">{useReason(problem)}</p>
      <Facts problem={problem} />
      {problem.reason !== 'revoked' && (
        <Checkbox isSelected={compared} onChange={setCompared}>
          {t('certificate.compare')}
        </Checkbox>
      )}
      <DialogActions>
        {problem.reason !== 'revoked' && (
          <Button isDisabled={!compared} onPress={() => answer(true)}>
            {t('certificate.trust')}
          </Button>
        )}
        <Button variant="primary" autoFocus onPress={() => answer(false)}>
          {t('certificate.reject')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

type Problem = CertificateQuestion['problem']

function useReason(problem: Problem): string {
  const t = useT()
  const language = useLanguage()
  switch (problem.reason) {
    case 'untrusted':
      return t('certificate.untrusted')
    case 'expired':
      return t('certificate.expired', { date: formatDateTime(language, problem.validTo) })
    case 'not-yet-valid':
      return t('certificate.notYetValid', { date: formatDateTime(language, problem.validFrom) })
    case 'wrong-name':
      return t('certificate.wrongName', { subject: problem.subject, expected: problem.expectedName })
    case 'revoked':
      return t('certificate.revoked')
  }
}

function Facts({ problem }: { readonly problem: Problem }) {
  const t = useT()
  const language = useLanguage()
  return (
    <dl className="my-3 rounded-xl border border-line bg-sunken px-4 py-1.5">
      <Fact term={t('certificate.expected')}>
        <bdi>{problem.expectedName}</bdi>
      </Fact>
      <Fact term={t('certificate.subject')}>
        <bdi>{problem.subject}</bdi>
      </Fact>
      <Fact term={t('certificate.issuer')}>
        <bdi>{problem.issuer}</bdi>
      </Fact>
      <Fact term={t('certificate.validFrom')}>{formatDateTime(language, problem.validFrom)}</Fact>
      <Fact term={t('certificate.validTo')}>{formatDateTime(language, problem.validTo)}</Fact>
      <Fact term={t('certificate.fingerprint')} mono>
        {problem.spkiSha256}
      </Fact>
    </dl>
  )
}
