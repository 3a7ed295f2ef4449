import { useId } from 'react'
import type { ChainBranchView, ChainChangeView, ReplicationView } from '#shared/model/replication-views.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT, type Language, type Translate } from '#renderer/i18n/i18n.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Card } from '../settings/Group.tsx'
import { PickBranch } from './PickBranch.tsx'
import { usePickedBranch } from './picked-branch.ts'

/** The versions of a forked list of devices, for the person to pick the right one. */
export function ForkChoice({ view: { accountId, branches } }: { readonly view: ReplicationView }) {
  const t = useT()
  const { picked, isGone, pick, close } = usePickedBranch(branches)
  if (branches.length === 0) return null
  return (
    <section aria-label={t('devices.fork.title')} className="flex flex-col gap-3">
      {isGone && (
        <p role="alert" className="text-sm text-warn">
          {t('devices.fork.pickGone')}
        </p>
      )}
      {branches.map((branch, index) => (
        <Card key={branch.key}>
          <Version branch={branch} number={index + 1} onPick={() => pick(branch.key)} />
        </Card>
      ))}
      {picked !== null && (
        <PickBranch
          key={picked.branch.key}
          {...{ accountId, branch: picked.branch }}
          title={t('devices.fork.pickTitle', { number: picked.number })}
          onClose={close}
        />
      )}
    </section>
  )
}

/** Properties of {@link Version}. */
export interface VersionProps {
  readonly branch: ChainBranchView
  readonly number: number
  /** This device comes in by the paper secret: no version has it yet. */
  readonly isJoining?: boolean
  readonly onPick: () => void
}

/** One way in which a forked list of devices may go on: who changed what, and who is in it. */
export function Version({ branch, number, isJoining = false, onPick }: VersionProps) {
  const t = useT()
  const language = useLanguage()
  const id = useId()
  const { changes, devices, hasOwn } = branch
  return (
    <article aria-labelledby={id} className="flex flex-col gap-2 text-sm">
      <h4 id={id} className="text-base font-medium">
        {t('devices.fork.version', { number })}
      </h4>
      <ol aria-label={t('devices.fork.changes')} className="flex list-disc flex-col gap-1 ps-5">
        {changes.map((change, index) => (
          <li key={index} className="wrap-anywhere">
            {changeText(t, language, change)}
          </li>
        ))}
      </ol>
      <p className="wrap-anywhere">{t('devices.fork.devices', { names: listOf(language, devices) })}</p>
      {!hasOwn && !isJoining && <p className="font-medium text-warn">{t('devices.fork.withoutOwn')}</p>}
      <div>
        <Button size="small" label={t('devices.fork.pickNamed', { number })} onPress={onPick}>
          {t('devices.fork.pick')}
        </Button>
      </div>
    </article>
  )
}

const changeTexts = {
  genesis: 'devices.fork.change.genesis',
  add: 'devices.fork.change.add',
  revoke: 'devices.fork.change.revoke',
  rename: 'devices.fork.change.rename',
  epoch: 'devices.fork.change.epoch',
  pick: 'devices.fork.change.pick',
} as const satisfies Record<ChainChangeView['kind'], string>

/** Who did what, when, as the signer's clock says. */
function changeText(t: Translate, language: Language, { kind, device, newName, by, at }: ChainChangeView): string {
  const when = formatDateTime(language, at)
  const who = by ?? t('devices.fork.paper')
  return t(changeTexts[kind], { device, name: newName ?? '', who, when })
}

function listOf(language: Language, names: readonly string[]): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(names)
}
