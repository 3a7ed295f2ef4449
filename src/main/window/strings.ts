/** The few words that main itself shows: tray and notifications. The renderer has its own catalogue. */
export interface MainStrings {
  readonly newMessage: string
  readonly show: string
  readonly quit: string
}

const strings: Readonly<Record<'en' | 'de', MainStrings>> = {
  en: { newMessage: 'New message', show: 'Show Sotto', quit: 'Quit Sotto' },
  de: { newMessage: 'Neue Nachricht', show: 'Sotto zeigen', quit: 'Sotto beenden' },
}

/** Words for a language setting; `system` follows the locale, anything unknown is English. */
export function mainStrings(language: 'system' | 'en' | 'de', locale: string): MainStrings {
  const wanted = language === 'system' ? locale.slice(0, 2).toLowerCase() : language
  return wanted === 'de' ? strings.de : strings.en
}
