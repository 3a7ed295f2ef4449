import { EventEmitter } from 'node:events'
import type { PageSession } from '../window/page-session.ts'
import { windowRegistry } from '../window/window-registry.ts'

type ThemeSource = 'system' | 'light' | 'dark'

/** `electron.nativeTheme`. What the system prefers is known once a page has told us. */
class NativeTheme extends EventEmitter {
  #source: ThemeSource = 'system'
  #systemDark = false

  get themeSource(): ThemeSource {
    return this.#source
  }

  set themeSource(source: ThemeSource) {
    this.#source = source
    for (const window of windowRegistry.all()) window.whenPage((page) => this.applyTo(page))
    this.emit('updated')
  }

  get shouldUseDarkColors(): boolean {
    return this.#source === 'system' ? this.#systemDark : this.#source === 'dark'
  }

  /** Host only: tells a page, and learns from it what the system prefers. */
  applyTo(page: PageSession): void {
    const value = this.#source === 'system' ? '' : this.#source
    page.tell('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })
    if (this.#source !== 'system') return
    const expression = `matchMedia('(prefers-color-scheme: dark)').matches`
    page.send('Runtime.evaluate', { expression }).then(
      ({ result }) => this.#learn(result.value === true),
      () => undefined,
    )
  }

  #learn(dark: boolean): void {
    if (dark === this.#systemDark) return
    this.#systemDark = dark
    this.emit('updated')
  }
}

export const nativeTheme = new NativeTheme()
