/** Looks at one screen wide and narrow, light and dark: with axe, for sideways scrolling, and for whatever went wrong. */
import type { Page } from '@playwright/test'
import { expect } from 'vitest'
import type { Scenario } from '#test/fakes/bridge.ts'
import { axeFindings, axeFindingsAgain } from './axe.ts'
import { type InterfaceHarness, shoot } from './harness.ts'

/** A screen and how to get there. */
export interface Screen {
  readonly name: string
  readonly scenario: Scenario
  readonly reach: (page: Page) => Promise<void>
}

/** Opens a conversation from the list. */
export const open = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole('navigation').getByRole('button', { name }).click()
}

/** Opens a page of the settings. */
export const settings = (section: string) => async (page: Page) => {
  await page.getByText('Bob Baker').first().waitFor()
  await page.keyboard.press('Control+,')
  await page.getByRole('tab', { name: section, exact: true }).click()
  await page.getByRole('tabpanel').waitFor()
}

/** Looks at a screen as it was reached, then narrow and in the other theme. */
export async function look(harness: InterfaceHarness, screen: Screen): Promise<void> {
  const { page, faults, close } = await harness.open({ scenario: screen.scenario, width: 1400 })
  try {
    await screen.reach(page)
    await judge(page, `${screen.name}-1400-light`, axeFindings)
    await page.setViewportSize({ width: 800, height: 700 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await shoot(page, `${screen.name}-800-dark`)
    await page.setViewportSize({ width: 360, height: 740 })
    await judge(page, `${screen.name}-360-dark`, axeFindingsAgain)
    expect(await faults()).toEqual([])
  } finally {
    await close()
  }
}

async function judge(page: Page, name: string, find: typeof axeFindings): Promise<void> {
  // A button under the mouse would show its tooltip.
  await page.mouse.move(1, (page.viewportSize()?.height ?? 1) - 1)
  await page.evaluate(settled)
  await shoot(page, name)
  expect(await find(page), name).toEqual([])
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(overflow, 'sideways scrolling').toBeLessThanOrEqual(0)
  // What is hidden from the eye alone can still make it scroll when it gets the focus.
  const below = await page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight)
  expect(below, 'scrolling of the window itself').toBeLessThanOrEqual(0)
}

/** Drawn, and no colour changes any more; what turns for ever does not count. */
async function settled(): Promise<void> {
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn))
  await frame()
  await frame()
  const ending = document
    .getAnimations()
    .filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime))
  await Promise.all(ending.map((animation) => animation.finished.catch(() => undefined)))
}
