import { useEffect, useState } from 'react'
import type { StorageView } from '#shared/model/views.ts'
import { formatBytes, formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { ask, perform } from '#renderer/stores/actions.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Switch } from '#renderer/ui/Choice.tsx'
import { Fact, Working } from '#renderer/ui/Feedback.tsx'
import { Group } from './Group.tsx'
import { KeepDefault } from './KeepDefault.tsx'
import { PassphraseRung } from './PassphraseRung.tsx'

/** How much is kept here, and what opens it. */
export function StorageSettings() {
  const t = useT()
  const [storage, setStorage] = useState<StorageView | null>(null)
  const [asked, setAsked] = useState(0)
  useEffect(() => {
    let stale = false
    void ask('settings.storage', {}).then((answer) => {
      if (!stale && answer !== null) setStorage(answer)
    })
    return () => {
      stale = true
    }
  }, [asked])
  if (storage === null) return <Working label={t('settings.loading')} />
  return (
    <>
      <Sizes storage={storage} />
      <Archive />
      <KeepDefault />
      <Rungs storage={storage} onChanged={() => setAsked(asked + 1)} />
    </>
  )
}

function Sizes({ storage }: { readonly storage: StorageView }) {
  const t = useT()
  const language = useLanguage()
  return (
    <Group title={t('storage.sizes')}>
      <dl className="grid grid-cols-2 gap-x-4 rounded-2xl border border-line bg-raised px-4 py-2">
        <Fact term={t('storage.database')}>{formatBytes(language, storage.databaseBytes)}</Fact>
        <Fact term={t('storage.attachments')}>{formatBytes(language, storage.attachmentBytes)}</Fact>
        <Fact term={t('storage.messages')}>{formatCount(language, storage.messages)}</Fact>
        <Fact term={t('storage.conversations')}>{formatCount(language, storage.conversations)}</Fact>
        <Fact term={t('storage.path')} mono wide>
          {storage.profilePath}
        </Fact>
      </dl>
    </Group>
  )
}

function Archive() {
  const t = useT()
  return (
    <Group title={t('archive.group')} text={t('archive.groupText')}>
      <div className="flex flex-wrap gap-2">
        <Button onPress={() => showDialog({ kind: 'export', id: null })}>{t('archive.exportAction')}</Button>
        <Button onPress={() => showDialog({ kind: 'import' })}>{t('archive.importAction')}</Button>
      </div>
    </Group>
  )
}

function Rungs({ storage, onChanged }: { readonly storage: StorageView; readonly onChanged: () => void }) {
  const t = useT()
  const app = useApp()
  const available = app?.keychain === 'available'
  return (
    <Group title={t('storage.rungs')} text={t('storage.rungsText')}>
      <div className="flex flex-col divide-y divide-line rounded-2xl border border-line bg-raised px-4 py-1">
        <Switch
          isSelected={storage.rungs.keychain}
          isDisabled={!available}
          onChange={(enabled) => void perform('keys.setKeychain', { enabled }).then(onChanged)}
          {...(available ? {} : { hint: t('storage.keychainMissing') })}
        >
          {t('storage.keychain')}
        </Switch>
        <PassphraseRung isSet={storage.rungs.passphrase} onChanged={onChanged} />
        <div className="flex items-center justify-between py-2.5">
          <span>{t('storage.paperSecret')}</span>
          <span className="text-sm text-soft">
            {storage.rungs.paperSecret ? t('storage.set') : t('storage.notSet')}
          </span>
        </div>
      </div>
    </Group>
  )
}
