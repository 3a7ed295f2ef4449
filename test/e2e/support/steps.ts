import { expect, type Page } from '@playwright/test'

const patient = { timeout: 20_000 }

/** Makes a profile protected by a passphrase. */
export async function protectProfile(page: Page, passphrase: string): Promise<void> {
  await page.getByText('Use a passphrase', { exact: true }).click(patient)
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase, patient)
  await page.getByLabel('Passphrase again').fill(passphrase)
  await page.getByRole('button', { name: 'Protect and continue' }).click()
}

/** Makes an account on this computer's home server. */
export async function createLocalAccount(page: Page, user: string, displayName: string): Promise<void> {
  await page.getByText('Create an account on this computer').first().click(patient)
  await page.getByLabel('User name').fill(user)
  await page.getByLabel('Your name').fill(displayName)
  await page.getByRole('button', { name: 'Create account' }).click()
}

/** Leaves the paper secret for later. */
export async function postponePaperSecret(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Do this later' }).click(patient)
}

/** Shows the paper secret and types the asked words back; all of its words. */
export async function confirmPaperSecret(page: Page): Promise<readonly string[]> {
  await page.getByRole('button', { name: 'Show the words' }).click(patient)
  const list = page.getByRole('list', { name: 'The words of your paper secret' })
  await list.getByRole('listitem').first().waitFor(patient)
  const words = (await list.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/^[\d.\s]+/, '').trim())
  await page.getByRole('button', { name: 'I have written them down' }).click()
  await page
    .getByLabel(/^Word \d+$/)
    .first()
    .waitFor(patient)
  for (const field of await page.getByLabel(/^Word \d+$/).all()) {
    const label = (await field.getAttribute('aria-label')) ?? (await labelOf(page, field))
    const number = Number(/\d+/.exec(label)?.[0])
    await field.fill(words[number - 1] ?? '')
  }
  await page.getByRole('button', { name: 'Check', exact: true }).click()
  await page.getByRole('button', { name: 'Done', exact: true }).click(patient)
  return words
}

async function labelOf(page: Page, field: ReturnType<Page['getByLabel']>): Promise<string> {
  const id = await field.getAttribute('id')
  return page.locator(`label[for="${id ?? ''}"]`).innerText()
}

/** Opens a conversation with an address. */
export async function startConversation(page: Page, address: string): Promise<void> {
  await page.getByRole('button', { name: 'New conversation' }).first().click(patient)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Address').fill(address)
  await dialog.getByRole('button', { name: 'Start' }).click()
  await expect(dialog).toBeHidden(patient)
}

/** Writes and sends a message in the open conversation. */
export async function sendMessage(page: Page, text: string): Promise<void> {
  const composer = page.getByRole('textbox', { name: /^Message to / })
  await composer.fill(text, patient)
  await composer.press('Enter')
}

/** Waits until the open conversation shows a message with this text. */
export async function expectMessage(page: Page, text: string): Promise<void> {
  await expect(page.getByRole('log').getByText(text, { exact: true }).last()).toBeVisible(patient)
}

/** Opens the conversation whose row names `name`. */
export async function openConversation(page: Page, name: string | RegExp): Promise<void> {
  await page.locator('[data-list-row]').filter({ hasText: name }).first().click(patient)
}

/** Opens a locked profile by its passphrase. */
export async function unlock(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase, patient)
  await page.getByRole('button', { name: 'Unlock', exact: true }).click()
}

/** Opens a locked profile by the keychain. */
export async function unlockByKeychain(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Unlock with the keychain' }).click(patient)
}

/** Opens a locked profile by its paper secret, where another way is offered first. */
export async function unlockByPaper(page: Page, words: readonly string[]): Promise<void> {
  await page.getByRole('button', { name: 'Use the paper secret' }).click(patient)
  await typePaper(page, words)
}

/** Opens a locked profile by its paper secret, where that is what is offered first. */
export async function typePaper(page: Page, words: readonly string[]): Promise<void> {
  await page.getByLabel('Paper secret', { exact: true }).fill(words.join(' '), patient)
  await page.getByRole('button', { name: 'Unlock', exact: true }).click()
}

/** Opens the settings where the ways to unlock are. */
export async function openStorage(page: Page): Promise<void> {
  await page.keyboard.press('Control+,')
  await page.getByRole('tab', { name: 'Storage' }).click(patient)
}

/** Switches unlocking by the keychain on or off, in the settings. */
export async function switchKeychain(page: Page, on: boolean): Promise<void> {
  await page.getByText("This computer's keychain", { exact: true }).click(patient)
  await expect(page.getByRole('switch', { name: "This computer's keychain" })).toBeChecked({ ...patient, checked: on })
}

/** Locks by the button, and waits until the page is a new one. */
export function lockByHand(page: Page): Promise<void> {
  return expectLock(page, () => page.getByRole('button', { name: 'Lock', exact: true }).click(patient))
}

/** Does what locks, and waits until the page is a new one: what is typed into the old one is lost. */
export async function expectLock(page: Page, lock: () => Promise<void> | void): Promise<void> {
  await page.evaluate(() => ((globalThis as { isOldPage?: boolean }).isOldPage = true))
  await lock()
  await page.waitForFunction(() => (globalThis as { isOldPage?: boolean }).isOldPage === undefined)
  await expect(page.getByText('Sotto is locked')).toBeVisible(patient)
}

/** Signs in with an address of a provider, telling the server and connection. */
export async function signIn(
  page: Page,
  account: {
    readonly address: string
    readonly password: string
    readonly connection: RegExp
    readonly server: string
  },
): Promise<void> {
  await page.getByText('Sign in', { exact: true }).first().click(patient)
  await page.getByRole('textbox', { name: 'Address' }).fill(account.address)
  await page.getByLabel('Password', { exact: true }).fill(account.password)
  await page.getByRole('button', { name: 'Advanced' }).click()
  await page.getByRole('button', { name: /Connection/ }).click()
  await page.getByRole('option', { name: account.connection }).click()
  await page.getByRole('textbox', { name: 'Server' }).fill(account.server)
  await page.getByRole('button', { name: 'Sign in', exact: true }).last().click()
}

/** Judges the certificate dialog: compared, trusted. */
export async function trustCertificate(page: Page): Promise<void> {
  const dialog = page
    .getByRole('alertdialog')
    .or(page.getByRole('dialog'))
    .filter({ hasText: 'does not trust this server' })
  await dialog.getByText('I compared this fingerprint').click(patient)
  await dialog.getByRole('button', { name: 'Trust this key for this account' }).click()
}
