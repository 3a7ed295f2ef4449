/** What people do in calls, step by step. */
import { expect, type Page } from '@playwright/test'
import type { SottoBridge } from '#shared/bridge/api.ts'
import type { CallView } from '#shared/model/calls.ts'

const patient = { timeout: 20_000 }

/** The newest call as main tells it to the page. */
export async function newestCall(page: Page): Promise<CallView | null> {
  return page.evaluate(async () => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const reply = await sotto.call('calls.list', {})
    return reply.ok ? (reply.value.calls[0] ?? null) : null
  })
}

/** Calls whoever the open conversation is with. */
export async function placeCall(page: Page, options: { readonly video?: boolean } = {}): Promise<void> {
  const name = options.video === true ? /^Call .* with video$/ : /^Call (?!again$|.* with video$)/
  await page.getByRole('button', { name }).first().click(patient)
}

/** Takes the call that rings. */
export async function acceptCall(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Accept', exact: true }).first().click(patient)
}

export async function hangUp(page: Page, timeout = patient.timeout): Promise<void> {
  await page
    .getByRole('button', { name: /^Hang up/ })
    .first()
    .click({ timeout })
}

/** Waits until the newest call of a page looks as `wanted` says. */
export async function expectCall(page: Page, wanted: Partial<CallView>): Promise<void> {
  await expect.poll(() => newestCall(page), patient).toMatchObject(wanted)
}

/** Waits until ZRTP has agreed on keys; the short authentication string. */
export async function agreedLetters(page: Page): Promise<string> {
  await expect.poll(async () => (await newestCall(page))?.security.method, patient).toBe('zrtp')
  return (await newestCall(page))?.security.sas?.text ?? ''
}

/** The letters are the same on both screens: says so on this one. */
export async function confirmLetters(page: Page, letters: string): Promise<void> {
  for (const letter of letters) await expect(page.getByText(letter, { exact: true }).first()).toBeVisible(patient)
  await page.getByRole('button', { name: 'They match' }).click(patient)
  await expect(page.getByText('Compared in this call.')).toBeVisible(patient)
}

/** Waits until packets of the other side come, under the keys that were agreed. */
export async function expectSound(page: Page): Promise<void> {
  const packets = (): Promise<number> =>
    page.evaluate(async () => {
      const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
      const list = await sotto.call('calls.list', {})
      const callId = list.ok ? list.value.calls[0]?.id : undefined
      if (callId === undefined) return 0
      const network = await sotto.call('calls.network', { callId })
      return network.ok ? (network.value?.packetsReceived ?? 0) : 0
    })
  const before = await packets()
  await expect.poll(packets, patient).toBeGreaterThan(before + 50)
}
