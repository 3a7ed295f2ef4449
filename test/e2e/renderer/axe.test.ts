import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { axeFindings, axeFindingsAgain } from './axe.ts'
import { InterfaceHarness } from './harness.ts'

vi.setConfig({ testTimeout: 60_000 })
let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

it('the check for barriers finds what is put into a screen, and nothing in what is only said of a button that is gone', async () => {
  const { page, close } = await harness.open({ scenario: {}, width: 1400 })
  try {
    await page.getByText('Bob Baker').first().waitFor()
    const put = (html: string) =>
      page.evaluate((inner) => {
        const place = document.createElement('main')
        place.innerHTML = inner
        document.body.append(place)
      }, html)
    await put('<div data-live-announcer><div role="img" aria-labelledby="gone">.</div></div>')
    const image = (findings: readonly string[]) => findings.filter((finding) => finding.startsWith('role-img-alt'))
    expect(image(await axeFindings(page))).toEqual([])
    await put('<div role="img" aria-labelledby="gone">.</div>')
    expect(image(await axeFindingsAgain(page))).toHaveLength(1)
    expect(image(await axeFindings(page))).toHaveLength(1)
  } finally {
    await close()
  }
})
