/** One history on two devices, in their windows: switched on, linked, removed, switched off. */
import { expect, type Page } from '@playwright/test'

const patient = { timeout: 30_000 }
const wish = 'Keep my history on all my devices'

async function openSettings(page: Page, section: string): Promise<void> {
  await page.keyboard.press('Control+,')
  await page.getByRole('tab', { name: section, exact: true }).click(patient)
}

/** Switches replication on, and waits until the server has everything. */
export async function keepOnAllDevices(page: Page): Promise<void> {
  await openSettings(page, 'Privacy')
  await switchOn(page)
}

async function switchOn(page: Page): Promise<void> {
  await page.getByText(wish, { exact: true }).click(patient)
  await expect(page.getByRole('switch', { name: wish })).toBeChecked(patient)
  await page.getByText('Up to date.').first().waitFor(patient)
  await page.getByText(wish, { exact: true }).scrollIntoViewIfNeeded()
}

/** The same at a server that the account's provider has nothing to do with. */
export async function keepAtReplica(
  page: Page,
  { address, invitation }: { readonly address: string; readonly invitation: string },
): Promise<void> {
  await openSettings(page, 'Privacy')
  await page.getByText('Use another server', { exact: true }).click(patient)
  await page.getByLabel('Address of the server').fill(address)
  await page.getByLabel('Invitation to the server').fill(invitation)
  await switchOn(page)
}

/** On a device without an account: shows a code for `address`, whose history is at `server` if not at home, and returns its digits. */
export async function showCode(page: Page, address: string, server = ''): Promise<string> {
  await page.getByRole('tab', { name: 'Link to my other device' }).click(patient)
  await page.getByLabel('Address').fill(address)
  await page.getByLabel('Server that keeps the history').fill(server)
  await page.getByRole('button', { name: 'Show a code' }).click()
  await page.getByRole('img', { name: /^QR code/ }).waitFor(patient)
  return page.getByText(/^\d{4} \d{4}$/).innerText()
}

/** On a device that has the account: types the digits, and hands everything over. */
export async function handOver(page: Page, digits: string): Promise<void> {
  await openSettings(page, 'Devices')
  await page.getByRole('button', { name: 'Link a device…' }).click(patient)
  await page.getByRole('tab', { name: 'Digits' }).click()
  await page.getByLabel('The eight digits of the new device').fill(digits)
  await page.getByRole('button', { name: 'Look for the device' }).click()
  await page.getByRole('heading', { name: /^Link “/ }).waitFor(patient)
  await page.getByRole('button', { name: 'Link', exact: true }).click()
  await page.getByText('is linked.').waitFor(patient)
  await page.getByRole('button', { name: 'Done', exact: true }).click()
}

/** Leaves the page that says that it worked. */
export async function goOn(page: Page): Promise<void> {
  await page.getByText('This device is linked to').waitFor(patient)
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** Removes the only other device. */
export async function removeOther(page: Page): Promise<void> {
  await openSettings(page, 'Devices')
  await page.getByRole('button', { name: /^Remove… / }).click(patient)
  await page.getByRole('button', { name: 'Remove device', exact: true }).click(patient)
  await page.getByRole('button', { name: '1 removed device' }).waitFor(patient)
}

/** Switches replication off with the server's copy, and reads what the server says then. */
export async function leaveNothing(page: Page): Promise<void> {
  await openSettings(page, 'Privacy')
  await page.getByText(wish, { exact: true }).click(patient)
  await page.getByRole('button', { name: 'Turn off and erase' }).click(patient)
  await page.getByText(/ is empty: it says that it holds nothing/).scrollIntoViewIfNeeded(patient)
}
