/** `npm run tour`: the main job without a person, on the real program; exit code 0 only if every step holds. */
import path from 'node:path'
import { expect, type Page } from '@playwright/test'
import { launchApp, type RunningApp } from '../support/app.ts'
import { ordinaryUserHost } from '../support/as-user.ts'
import {
  confirmPaperSecret,
  createLocalAccount,
  expectMessage,
  lockByHand,
  openConversation,
  openStorage,
  postponePaperSecret,
  protectProfile,
  sendMessage,
  startConversation,
  switchKeychain,
  unlock,
  unlockByKeychain,
  unlockByPaper,
} from '../support/steps.ts'
import {
  acceptCall,
  agreedLetters,
  confirmLetters,
  expectCall,
  expectSound,
  hangUp,
  newestCall,
  placeCall,
} from '../support/call-steps.ts'
import { checkWithAge, exportHistory, importHistory, wholeHistory } from './archive-steps.ts'
import { goOn, handOver, keepOnAllDevices, leaveNothing, removeOther, showCode } from './link-steps.ts'
import { clearSearch, searchWithFilters } from './search-steps.ts'
import { Tour } from './runner.ts'

const domain = 'sotto.home.arpa'
const passphrase = { alice: 'tidal copper lantern meadow', bob: 'quiet orbit walnut harbour', carol: 'amber violin station forest', tablet: 'velvet anchor prairie lamp', export: 'river mango copper saddle' }
const patient = { timeout: 20_000 }

// Root cannot have the browser's sandbox: the tour runs as an ordinary user, as people do, and with nobody's own keychain.
const user = ordinaryUserHost()
const data = path.join(user.home, 'data')
const tour = new Tour()
const running = new Map<string, RunningApp>()
/** The words Alice has on paper. */
let alicePaper: readonly string[] = []

type Profile = 'alice' | 'bob' | 'carol' | 'tablet'
/** What the second device shows. */
let digits = ''
/** Where Alice's history was exported to. */
let exportFile = ''

async function launch(profile: Profile): Promise<void> {
  const wrapper = profile === 'alice' ? user.withKeyring : user.wrapper
  running.set(profile, await launchApp({ profile, data, fakeMedia: true, wrapper }))
}

function page(profile: Profile): Page {
  const app = running.get(profile)
  if (app === undefined) throw new Error(`${profile} is not running`)
  return app.page
}

const only = (profile: Profile) => (): readonly Page[] => {
  const app = running.get(profile)
  return app === undefined ? [] : [app.page]
}
const devices = (): readonly Page[] => [...only('alice')(), ...only('tablet')()]
const both = (): readonly Page[] => [...only('alice')(), ...only('bob')()]

async function run(): Promise<void> {
  await tour.step('Alice opens Sotto for the first time', only('alice'), () => launch('alice'))
  await tour.step('Alice protects her profile', only('alice'), () => protectProfile(page('alice'), passphrase.alice))
  await tour.step('Alice makes an account on this computer', only('alice'), () =>
    createLocalAccount(page('alice'), 'alice', 'Alice'),
  )
  await tour.step('Alice writes her paper secret down and types it back', only('alice'), async () => {
    alicePaper = await confirmPaperSecret(page('alice'))
  })
  await tour.step('Alice talks to the echo contact', only('alice'), async () => {
    await startConversation(page('alice'), `echo@${domain}`)
    await sendMessage(page('alice'), 'Hello, echo')
    await expect(page('alice').getByRole('log').getByText('Hello, echo')).toHaveCount(2, patient)
  })
  await tour.step('Bob opens Sotto, protects it, makes an account', only('bob'), async () => {
    await launch('bob')
    await protectProfile(page('bob'), passphrase.bob)
    await createLocalAccount(page('bob'), 'bob', 'Bob')
    await postponePaperSecret(page('bob'))
  })
  await tour.step('Alice writes to Bob, who is asked first', both, async () => {
    await startConversation(page('alice'), `bob@${domain}`)
    await sendMessage(page('alice'), 'Good morning, Bob. Coffee at ten?')
    await openConversation(page('bob'), /Alice|alice@/)
    await expect(page('bob').getByRole('button', { name: 'Accept' })).toBeVisible(patient)
  })
  await tour.step('Bob accepts and answers', both, async () => {
    await page('bob').getByRole('button', { name: 'Accept' }).first().click()
    await sendMessage(page('bob'), 'Gladly. I bring the plans.')
    await expectMessage(page('alice'), 'Gladly. I bring the plans.')
    await sendMessage(page('alice'), 'See you there.')
    await expectMessage(page('bob'), 'See you there.')
  })
  await tour.step('Alice sees that her message was read', both, async () => {
    await expect(page('alice').getByRole('button', { name: /, Read\./ }).last()).toBeAttached(patient)
  })
  await tour.step('Alice calls the echo contact and hears herself', only('alice'), async () => {
    await openConversation(page('alice'), /echo/)
    await placeCall(page('alice'))
    await agreedLetters(page('alice'))
    await expectSound(page('alice'))
  })
  await tour.step('Alice hangs up', only('alice'), async () => {
    await hangUp(page('alice'))
    await openConversation(page('alice'), /Bob|bob@/)
  })
  await tour.step('Alice calls Bob', both, async () => {
    await placeCall(page('alice'))
    await expectCall(page('bob'), { phase: 'incoming' })
    await expectCall(page('alice'), { phase: 'ringing' })
  })
  await tour.step('Bob accepts: the same four letters on both screens', both, async () => {
    await acceptCall(page('bob'))
    const letters = await agreedLetters(page('alice'))
    expect(letters).toMatch(/^[a-z0-9]{4}$/)
    expect(await agreedLetters(page('bob'))).toBe(letters)
    await Promise.all([expectSound(page('alice')), expectSound(page('bob'))])
    await expectCall(page('alice'), { phase: 'active' })
  })
  await tour.step('Both compare the letters', both, async () => {
    const letters = await agreedLetters(page('alice'))
    await confirmLetters(page('alice'), letters)
    await confirmLetters(page('bob'), letters)
    await expect.poll(async () => (await newestCall(page('alice')))?.security.readers, patient).toBe('only-us')
  })
  await tour.step('They hang up, and Bob calls back: the comparison is remembered', both, async () => {
    await hangUp(page('alice'))
    await expectCall(page('bob'), { phase: 'ended' })
    await placeCall(page('bob'), { video: true })
    await expectCall(page('alice'), { phase: 'incoming', video: true })
    await page('alice').getByRole('button', { name: /^Accept with video/ }).first().click(patient)
    for (const profile of ['alice', 'bob'] as const)
      await expect
        .poll(async () => (await newestCall(page(profile)))?.security, patient)
        .toMatchObject({ comparison: 'remembered', readers: 'only-us' })
    await Promise.all([expectSound(page('alice')), expectSound(page('bob'))])
  })
  await tour.step('Bob hangs up; both calls stand in the conversation', both, async () => {
    await hangUp(page('bob'))
    await expectCall(page('alice'), { phase: 'ended' })
    await expect(page('alice').getByRole('log').getByText(/call/i).first()).toBeVisible(patient)
  })
  await tour.step('Bob goes offline', only('alice'), async () => {
    await running.get('bob')?.quit()
    running.delete('bob')
    await sendMessage(page('alice'), 'Are you on your way?')
    await expectMessage(page('alice'), 'Are you on your way?')
  })
  await tour.step('Bob comes back and gets what he missed', both, async () => {
    await launch('bob')
    await unlock(page('bob'), passphrase.bob)
    await openConversation(page('bob'), /Alice|alice@/)
    await expectMessage(page('bob'), 'Are you on your way?')
  })
  await tour.step('Alice searches all conversations', only('alice'), async () => {
    // From another conversation: what is found must be the hit, and the jump must lead to it.
    await openConversation(page('alice'), /echo/)
    await page('alice').getByRole('searchbox').fill('plans')
    const hit = page('alice').getByRole('region', { name: 'Search results' }).getByRole('button', { name: /I bring the/ })
    await expect(hit.locator('mark')).toHaveText('plans', patient)
    await hit.click()
    await expectMessage(page('alice'), 'Gladly. I bring the plans.')
  })
  await tour.step('Alice narrows the search to calls with Bob, then to what she sent', only('alice'), async () => {
    const calls = await searchWithFilters(page('alice'), { kind: 'Calls', person: 'Bob' })
    await expect(calls).toHaveText([/Bob.*Incoming video call/, /Bob.*Outgoing call/], patient)
    const sent = await searchWithFilters(page('alice'), { kind: 'Texts', direction: 'Sent', words: 'coffee' })
    await expect(sent).toHaveText([/Good morning, Bob\. Coffee at ten\?/], patient)
    await clearSearch(page('alice'))
  })
  await tour.step('Alice exports her whole history with a passphrase', only('alice'), async () => {
    exportFile = await exportHistory(page('alice'), passphrase.export)
  })
  await tour.step('Plain age opens the export', only('alice'), () => checkWithAge(exportFile, passphrase.export))
  await tour.step('A new profile imports it without an account', only('carol'), async () => {
    await launch('carol')
    await protectProfile(page('carol'), passphrase.carol)
    await importHistory(page('carol'), exportFile, passphrase.export)
  })
  await tour.step('Both hold the same history', only('carol'), async () => {
    const [exported, imported] = [await wholeHistory(page('alice')), await wholeHistory(page('carol'))]
    expect(exported.length).toBeGreaterThan(1)
    expect(imported).toEqual(exported)
    await openConversation(page('carol'), /Bob/)
    await expectMessage(page('carol'), 'Gladly. I bring the plans.')
    await expect(page('carol').getByText('is not signed in here')).toBeVisible(patient)
    await expect(page('carol').getByText('From a file').first()).toBeVisible(patient)
    await running.get('carol')?.quit()
    running.delete('carol')
  })
  await tour.step('Alice looks at what is stored about her', only('alice'), async () => {
    await page('alice').keyboard.press('Control+,')
    await page('alice').getByRole('tab', { name: 'Privacy' }).click(patient)
    await expect(page('alice').getByText('What is stored about you')).toBeVisible(patient)
    await expect(page('alice').getByText('How to erase it').first()).toBeVisible(patient)
  })
  await tour.step('Alice locks Sotto', only('alice'), () => lockByHand(page('alice')))
  await tour.step('A message and a call come in while it is locked', both, async () => {
    await openConversation(page('bob'), /Alice|alice@/)
    await sendMessage(page('bob'), 'The door code is on the card.')
    await placeCall(page('bob'))
    await expect(page('alice').getByText('Unlock to see who calls and to answer.')).toBeVisible(patient)
    await expect(page('alice').getByText(/Bob|door code/)).toHaveCount(0)
  })
  await tour.step('Alice declines without unlocking', both, async () => {
    await page('alice').getByRole('button', { name: 'Decline' }).click(patient)
    await expectCall(page('bob'), { phase: 'ended' })
  })
  await tour.step('Alice unlocks with her passphrase and has both', only('alice'), async () => {
    await unlock(page('alice'), passphrase.alice)
    await openConversation(page('alice'), /Bob/)
    await expectMessage(page('alice'), 'The door code is on the card.')
    await expect(page('alice').getByRole('log').getByText(/declined/i).last()).toBeVisible(patient)
  })
  await tour.step('Alice locks again and unlocks with her paper secret', only('alice'), async () => {
    await lockByHand(page('alice'))
    await unlockByPaper(page('alice'), alicePaper)
    await openConversation(page('alice'), /Bob/)
    await expectMessage(page('alice'), 'The door code is on the card.')
  })
  await tour.step('Alice lets the keychain of her computer unlock', only('alice'), async () => {
    await openStorage(page('alice'))
    await switchKeychain(page('alice'), true)
    await page('alice').getByText('Ways to open your history').scrollIntoViewIfNeeded()
  })
  await tour.step('Alice locks once more: the keychain is asked only when she says so', only('alice'), async () => {
    await lockByHand(page('alice'))
    await expect(page('alice').getByRole('button', { name: 'Unlock with the keychain' })).toBeVisible(patient)
    await expect(page('alice').getByRole('button', { name: 'Use the passphrase' })).toBeVisible(patient)
  })
  await tour.step('Alice unlocks with the keychain', only('alice'), async () => {
    await unlockByKeychain(page('alice'))
    await openConversation(page('alice'), /Bob/)
    await expectMessage(page('alice'), 'The door code is on the card.')
  })
  await tour.step('Alice keeps her history on all her devices', only('alice'), () => keepOnAllDevices(page('alice')))
  await tour.step('A second device shows a code', only('tablet'), async () => {
    await launch('tablet')
    await protectProfile(page('tablet'), passphrase.tablet)
    digits = await showCode(page('tablet'), `alice@${domain}`)
  })
  await tour.step('Alice types its digits and hands over', devices, async () => {
    await handOver(page('alice'), digits)
    await goOn(page('tablet'))
  })
  await tour.step('Both devices show the same history', devices, async () => {
    await expect.poll(async () => (await wholeHistory(page('tablet'))).length, patient).toBeGreaterThan(1)
    const known = await wholeHistory(page('alice'))
    await expect.poll(() => wholeHistory(page('tablet')), patient).toEqual(known)
    await openConversation(page('tablet'), /Bob|bob@/)
    await expectMessage(page('tablet'), 'Gladly. I bring the plans.')
  })
  await tour.step('What is typed on either appears on the other', devices, async () => {
    await page('alice').keyboard.press('Escape')
    await openConversation(page('alice'), /Bob|bob@/)
    await sendMessage(page('tablet'), 'Written on the tablet.')
    await expectMessage(page('alice'), 'Written on the tablet.')
    await sendMessage(page('alice'), 'Written on the desk.')
    await expectMessage(page('tablet'), 'Written on the desk.')
    await expectMessage(page('bob'), 'Written on the desk.')
  })
  await tour.step('Alice removes the second device, which says so', devices, async () => {
    await removeOther(page('alice'))
    await page('tablet').keyboard.press('Control+,')
    await page('tablet').getByRole('tab', { name: 'Devices', exact: true }).click(patient)
    await expect(page('tablet').getByText(/was removed/).first()).toBeVisible(patient)
    await running.get('tablet')?.quit()
    running.delete('tablet')
  })
  await tour.step('Alice switches it off: the server says that it holds nothing', only('alice'), () =>
    leaveNothing(page('alice')),
  )
  await tour.step('Alice prefers the dark', both, async () => {
    await page('alice').keyboard.press('Control+,')
    await page('alice').getByRole('tab', { name: 'Appearance' }).click(patient)
    await page('alice').getByText('Dark', { exact: true }).click()
    await page('alice').keyboard.press('Escape')
    await openConversation(page('alice'), /Bob/)
    await expectMessage(page('alice'), 'Gladly. I bring the plans.')
  })
}

await run()
for (const app of running.values()) await app.quit().catch(() => (tour.failed = true))
user.remove()
process.exitCode = tour.failed ? 1 : 0
process.exit()
