/** Looks for barriers with axe: once for everything, then for what depends on colours and layout. */
import type { Page } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** The part of axe-core that is used in the page. */
interface Axe {
  readonly run: (
    context: unknown,
    options: unknown,
  ) => Promise<{
    readonly violations: readonly {
      readonly id: string
      readonly help: string
      readonly nodes: readonly { readonly html: string; readonly any: readonly { readonly message: string }[] }[]
    }[]
  }>
}

declare global {
  interface Window {
    readonly axe: Axe
    /** What could be seen when axe looked at everything. */
    seen: WeakSet<Element>
  }
}

const found = createRequire(import.meta.url).resolve('@axe-core/playwright')
const source = readFile(createRequire(found).resolve('axe-core/axe.min.js'), 'utf8')
/** The rules whose answer another theme or another width may change, though the document is the same. */
const looks = ['color-contrast', 'target-size', 'scrollable-region-focusable', 'link-in-text-block']

/** What React Aria says of a busy button by its id outlives the button for some seconds, off the screen, and nothing is read of it then. */
const said = '[data-live-announcer] [role="img"]'

/** What axe finds wrong, in lines a person can act on. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(await source)
  return page.evaluate(
    async (exclude) => {
      window.seen = new WeakSet([...document.querySelectorAll('*')].filter((element) => element.checkVisibility()))
      const { violations } = await window.axe.run({ include: [document], exclude }, { resultTypes: ['violations'] })
      return violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`),
      )
    },
    [said],
  )
}

/** After {@link axeFindings}, in another theme and width: its rules on what appeared, and on all the others those that may differ. */
export async function axeFindingsAgain(page: Page): Promise<readonly string[]> {
  return page.evaluate(
    async ([rules, besides]) => {
      const appeared = [...document.querySelectorAll('*')].filter(
        (element) => element.checkVisibility() && !window.seen.has(element) && !element.matches(besides),
      )
      const options = { resultTypes: ['violations'] }
      const reports = [await window.axe.run(document, { ...options, runOnly: rules })]
      if (appeared.length > 0) reports.push(await window.axe.run({ include: appeared }, options))
      return reports.flatMap(({ violations }) =>
        violations.flatMap(({ id, help, nodes }) =>
          nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`),
        ),
      )
    },
    [looks, said] as const,
  )
}
