import { useState } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Checkbox } from '#renderer/ui/Choice.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { Group } from '../settings/Group.tsx'
import { ConfirmErase } from './ConfirmErase.tsx'
import type { ErasingProps } from './YourData.tsx'

/** Erases the whole profile, after its name was typed. */
export function EraseEverything({ view }: ErasingProps) {
  const t = useT()
  const [asked, setAsked] = useState(false)
  const [typed, setTyped] = useState('')
  const [onServers, setOnServers] = useState(true)
  const close = (): void => {
    setAsked(false)
    setTyped('')
  }
  return (
    <Group title={t('holdings.everything')} text={t('holdings.everythingText')}>
      <div>
        <Button variant="plainDanger" onPress={() => setAsked(true)}>
          {t('holdings.eraseEverything')}
        </Button>
      </div>
      {asked && (
        <ConfirmErase
          title={t('holdings.eraseEverythingTitle')}
          text={t('holdings.eraseEverythingText')}
          isReady={typed === view.profile}
          onClose={close}
          onErase={() => perform('profile.erase', { name: typed, onServers })}
        >
          <Checkbox isSelected={onServers} onChange={setOnServers}>
            {t('holdings.alsoServers')}
          </Checkbox>
          <Field
            label={t('holdings.typeName', { name: view.profile })}
            value={typed}
            onChange={setTyped}
            maxLength={100}
            autoComplete="off"
          />
        </ConfirmErase>
      )}
    </Group>
  )
}
