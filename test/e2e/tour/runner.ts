import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Page } from '@playwright/test'

const folder = path.resolve(import.meta.dirname, '../../../tour')

/** Prints each step with ✓ or ✗ and its time; takes a screenshot of the given pages after each. */
export class Tour {
  #number = 0
  failed = false

  constructor() {
    mkdirSync(folder, { recursive: true })
  }

  /** Runs one step; after a failure the rest is skipped and the tour fails. */
  async step(title: string, pages: () => readonly Page[], run: () => Promise<void>): Promise<void> {
    this.#number += 1
    const number = String(this.#number).padStart(2, '0')
    if (this.failed) {
      console.log(`- ${number} ${title} (not reached)`)
      return
    }
    const begun = performance.now()
    try {
      await run()
      console.log(`✓ ${number} ${title} ${Math.round(performance.now() - begun)} ms`)
    } catch (error) {
      this.failed = true
      console.log(`✗ ${number} ${title} ${Math.round(performance.now() - begun)} ms`)
      console.log(error instanceof Error ? error.message : String(error))
    }
    await this.#shoot(number, title, pages())
  }

  async #shoot(number: string, title: string, pages: readonly Page[]): Promise<void> {
    const name = title.toLowerCase().replace(/[^a-z0-9]+/g, '-')
    for (const [index, page] of pages.entries()) {
      const suffix = pages.length > 1 ? `-${index + 1}` : ''
      await page.screenshot({ path: path.join(folder, `${number}-${name}${suffix}.png`), animations: 'disabled' }).catch(() => undefined)
    }
  }
}
