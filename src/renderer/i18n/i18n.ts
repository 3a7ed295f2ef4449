import i18next from 'i18next'
import { useSyncExternalStore } from 'react'
import de from './locales/de.json'
import en from './locales/en.json'

/** The languages Sotto speaks. */
export type Language = 'en' | 'de'

/** Every text of the interface, in every language, by the same keys (a test compares them). */
export const locales = { en, de } as const

const i18n = i18next.createInstance()

/** Loads the texts, once, before the first render. */
export function startI18n(language: Language): void {
  void i18n.init({
    lng: language,
    fallbackLng: 'en',
    initAsync: false,
    // React escapes what it renders.
    interpolation: { escapeValue: false },
    resources: { en: { translation: en }, de: { translation: de } },
  })
}

/** Turns the setting into a language; anything Sotto does not speak is English. */
export function resolveLanguage(setting: 'system' | Language, systemLanguages: readonly string[]): Language {
  if (setting !== 'system') return setting
  for (const language of systemLanguages) {
    const primary = language.toLowerCase().split('-')[0]
    if (primary === 'de' || primary === 'en') return primary
  }
  return 'en'
}

/** Changes the language of everything on screen, and the document's for screen readers. */
export function applyLanguage(language: Language): void {
  if (i18n.language !== language) void i18n.changeLanguage(language)
  document.documentElement.lang = language
}

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? WithoutPlural<K> : `${K}.${Leaves<T[K]>}`
}[keyof T & string]
type WithoutPlural<K extends string> = K extends `${infer Stem}_one` | `${infer Stem}_other` ? Stem : K

/** Every key a text can be asked for by; a plural is asked for without its suffix and with `count`. */
export type TextKey = Leaves<typeof en>

/** Gives the text for a key, with its parameters filled in. */
export type Translate = (key: TextKey, params?: Readonly<Record<string, string | number>>) => string

const subscribe = (changed: () => void): (() => void) => {
  i18n.on('languageChanged', changed)
  return () => i18n.off('languageChanged', changed)
}
const currentLanguage = (): Language => (i18n.language === 'de' ? 'de' : 'en')

const translators = new Map<Language, Translate>()

/** One function per language, which keeps the texts that have no parameters: rows of a list ask for them all the time. */
export function translatorOf(language: Language): Translate {
  const known = translators.get(language)
  if (known !== undefined) return known
  // The library's own key types cost minutes of checking; this one union says the same.
  const translate = i18n.getFixedT(language) as unknown as Translate
  const plain = new Map<TextKey, string>()
  const made: Translate = (key, params) => {
    if (params !== undefined) return translate(key, params)
    const text = plain.get(key) ?? translate(key)
    plain.set(key, text)
    return text
  }
  translators.set(language, made)
  return made
}

/** The text function of the current language; the component renders again when the language changes. */
export function useT(): Translate {
  return translatorOf(useLanguage())
}

/** The current language, for dates and numbers. */
export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, currentLanguage)
}
