import {
  ArrowLeft,
  Bell,
  FolderOpen,
  HardDrive,
  Info,
  MonitorSmartphone,
  Palette,
  Phone,
  ShieldCheck,
  UserRound,
} from 'lucide-react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { useT } from '#renderer/i18n/i18n.ts'
import { closeMain, openSettings, type SettingsSection } from '#renderer/stores/screen-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { DevicesSettings } from '../devices/DevicesSettings.tsx'
import { YourData } from '../holdings/YourData.tsx'
import { About } from './About.tsx'
import { AccountSettings } from './AccountSettings.tsx'
import { AppearanceSettings } from './AppearanceSettings.tsx'
import { CallSettings } from './CallSettings.tsx'
import { NotificationSettings } from './NotificationSettings.tsx'
import { PrivacySettings } from './PrivacySettings.tsx'
import { StorageSettings } from './StorageSettings.tsx'

const sections = [
  { id: 'accounts', icon: UserRound, Page: AccountSettings },
  { id: 'devices', icon: MonitorSmartphone, Page: DevicesSettings },
  { id: 'calls', icon: Phone, Page: CallSettings },
  { id: 'privacy', icon: ShieldCheck, Page: PrivacySettings },
  { id: 'appearance', icon: Palette, Page: AppearanceSettings },
  { id: 'notifications', icon: Bell, Page: NotificationSettings },
  { id: 'storage', icon: HardDrive, Page: StorageSettings },
  { id: 'data', icon: FolderOpen, Page: YourData },
  { id: 'about', icon: Info, Page: About },
] as const

/** Everything that can be set, in a few pages. */
export function Settings({ section }: { readonly section: SettingsSection }) {
  const t = useT()
  return (
    <section
      className="flex h-full min-h-0 flex-col"
      aria-label={t('settings.title')}
      data-pane="settings"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) closeMain()
      }}
    >
      <header className="flex items-center gap-2 border-b border-line px-3 py-2">
        <IconButton icon={ArrowLeft} label={t('app.back')} onPress={closeMain} />
        <h2 className="text-base font-semibold">{t('settings.title')}</h2>
      </header>
      <Tabs
        selectedKey={section}
        onSelectionChange={(key) => {
          const chosen = sections.find((candidate) => candidate.id === key)
          if (chosen !== undefined) openSettings(chosen.id)
        }}
        className="flex min-h-0 flex-1 flex-col"
      >
        <TabList
          aria-label={t('settings.sections')}
          data-pane-focus
          className="flex shrink-0 flex-wrap gap-1 border-b border-line px-3 py-1.5"
        >
          {sections.map(({ id, icon: Icon }) => (
            <Tab
              key={id}
              id={id}
              className="flex items-center gap-1.5 rounded-lg px-2.5 py-1.5 text-sm text-soft hover:bg-hover data-[selected]:bg-tint data-[selected]:font-medium data-[selected]:text-ink forced-colors:data-[selected]:outline"
            >
              <Icon aria-hidden className="hidden size-4 min-[30rem]:block" />
              {t(`settings.${id}`)}
            </Tab>
          ))}
        </TabList>
        {sections.map(({ id, Page }) => (
          <TabPanel
            key={id}
            id={id}
            className="relative min-h-0 flex-1 overflow-y-auto p-5 -outline-offset-2 [scrollbar-gutter:stable]"
          >
            <div className="mx-auto flex max-w-2xl flex-col gap-6">
              <Page />
            </div>
          </TabPanel>
        ))}
      </Tabs>
    </section>
  )
}
