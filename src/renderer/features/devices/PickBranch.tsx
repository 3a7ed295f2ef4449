import { useState } from 'react'
import type { AccountId } from '#shared/model/ids.ts'
import type { ChainBranchView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { paperWordsOf } from '#renderer/stores/paper-words.ts'
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx'
import { PaperWordsField } from '../onboarding/PaperWordsField.tsx'

/** Properties of {@link PickBranch}. */
export interface PickBranchProps {
  readonly accountId: AccountId
  readonly branch: ChainBranchView
  readonly title: string
  readonly onClose: () => void
}

/** The question before one version counts; where no device may say so alone, with the paper secret. */
export function PickBranch({ accountId, branch, title, onClose }: PickBranchProps) {
  const t = useT()
  const [words, setWords] = useState('')
  const { key, mayPick, hasOwn } = branch

  async function pick(): Promise<string | null> {
    const typed = paperWordsOf(words)
    setWords('')
    const reply = mayPick
      ? await attempt('devices.pickBranch', { accountId, branch: key, words: null })
      : await withSecret(typed, (bytes) => attempt('devices.pickBranch', { accountId, branch: key, words: bytes }))
    if (!reply.ok) return errorText(t, reply.code, reply.params)
    onClose()
    return null
  }

  return (
    <ConfirmDialog
      title={title}
      labels={{
        ...{ close: t('app.close'), cancel: t('app.cancel') },
        ...{ action: t('devices.fork.pickAction'), busy: t('devices.fork.picking') },
      }}
      variant="primary"
      isReady={mayPick || words.trim() !== ''}
      focus={mayPick ? 'cancel' : 'content'}
      onConfirm={pick}
      onClose={onClose}
    >
      <p>{t('devices.fork.pickText')}</p>
      {!hasOwn && <p className="font-medium text-warn">{t('devices.fork.withoutOwn')}</p>}
      {!mayPick && (
        <>
          <p>{t('devices.fork.paperText')}</p>
          <PaperWordsField value={words} onChange={setWords} autoFocus />
        </>
      )}
    </ConfirmDialog>
  )
}
