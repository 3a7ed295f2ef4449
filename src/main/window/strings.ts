/** The few words that main itself shows: tray and notifications. The renderer has its own catalogue. */
export interface MainStrings {
  readonly language: 'en' | 'de'
  readonly newMessage: string
  /** Emoji that answer an own message; empty: nothing may be shown of them. */
  readonly reaction: (emojis: string) => string
  /** Empty name: nothing may be shown of the caller. */
  readonly callFrom: (name: string) => string
  readonly videoCallFrom: (name: string) => string
  readonly missedCall: string
  readonly answer: string
  readonly decline: string
  readonly exportTitle: string
  readonly saveTitle: string
  readonly importTitle: string
  readonly show: string
  readonly lock: string
  readonly quit: string
}

const strings: Readonly<Record<'en' | 'de', MainStrings>> = {
  en: {
    language: 'en',
    newMessage: 'New message',
    reaction: (emojis) => (emojis === '' ? 'New reaction' : `Reacted to your message with ${emojis}`),
    callFrom: (name) => (name === '' ? 'Incoming call' : `${name} is calling`),
    videoCallFrom: (name) => (name === '' ? 'Incoming video call' : `${name} is calling with video`),
    missedCall: 'Missed call',
    answer: 'Answer',
    decline: 'Decline',
    exportTitle: 'Export to',
    saveTitle: 'Save file',
    importTitle: 'Choose a history to import',
    show: 'Show Sotto',
    lock: 'Lock Sotto',
    quit: 'Quit Sotto',
  },
  de: {
    language: 'de',
    newMessage: 'Neue Nachricht',
    reaction: (emojis) => (emojis === '' ? 'Neue Reaktion' : `Hat auf Ihre Nachricht mit ${emojis} reagiert`),
    callFrom: (name) => (name === '' ? 'Eingehender Anruf' : `${name} ruft an`),
    videoCallFrom: (name) => (name === '' ? 'Eingehender Videoanruf' : `${name} ruft mit Video an`),
    missedCall: 'Verpasster Anruf',
    answer: 'Annehmen',
    decline: 'Ablehnen',
    exportTitle: 'Exportieren nach',
    saveTitle: 'Datei speichern',
    importTitle: 'Verlauf zum Importieren wählen',
    show: 'Sotto zeigen',
    lock: 'Sotto sperren',
    quit: 'Sotto beenden',
  },
}

/** Words for a language setting; `system` follows the locale, anything unknown is English. */
export function mainStrings(language: 'system' | 'en' | 'de', locale: string): MainStrings {
  const wanted = language === 'system' ? locale.slice(0, 2).toLowerCase() : language
  return wanted === 'de' ? strings.de : strings.en
}
