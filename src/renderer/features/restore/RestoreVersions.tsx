import type { ChainBranchView } from '#shared/model/replication-views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx'
import { FocusedHeading } from '#renderer/ui/FocusedHeading.tsx'
import { Version } from '../devices/ForkChoice.tsx'
import { usePickedBranch } from '../devices/picked-branch.ts'
import { Card } from '../settings/Group.tsx'

/** Properties of {@link RestoreVersions}. */
export interface RestoreVersionsProps {
  readonly branches: readonly ChainBranchView[]
  /** What was picked before is not among them. */
  readonly isPickGone: boolean
  /** Resolves with why it did not work, in words; null where nothing is to be said here. */
  readonly onPick: (branch: string) => Promise<string | null>
}

/** The list of devices is in two versions: the paper secret says which one counts, and only then is anything restored. */
export function RestoreVersions({ branches, isPickGone, onPick }: RestoreVersionsProps) {
  const t = useT()
  const { picked, isGone, pick, close } = usePickedBranch(branches, isPickGone)
  return (
    <section className="flex flex-col gap-3">
      <FocusedHeading>{t('restore.forkedTitle')}</FocusedHeading>
      <p className="text-sm text-soft">{t('restore.forkedText')}</p>
      {isGone && (
        <p role="alert" className="text-sm text-warn">
          {t('devices.fork.pickGone')}
        </p>
      )}
      {branches.map((branch, index) => (
        <Card key={branch.key}>
          <Version branch={branch} number={index + 1} isJoining onPick={() => pick(branch.key)} />
        </Card>
      ))}
      {picked !== null && (
        <ConfirmDialog
          title={t('devices.fork.pickTitle', { number: picked.number })}
          labels={{
            ...{ close: t('app.close'), cancel: t('app.cancel') },
            ...{ action: t('devices.fork.pickAction'), busy: t('restore.working') },
          }}
          variant="primary"
          onConfirm={() => onPick(picked.branch.key)}
          onClose={close}
        >
          <p>{t('devices.fork.pickText')}</p>
        </ConfirmDialog>
      )}
    </section>
  )
}
