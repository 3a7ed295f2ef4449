import { launchApp, type LaunchOptions, type RunningApp } from './app.ts'
import { createLocalAccount, postponePaperSecret, protectProfile } from './steps.ts'

/** Passphrase of every test profile. */
export const testPassphrase = 'tidal copper lantern meadow'
/** Domain of the home server. */
export const homeDomain = 'sotto.home.arpa'

/** Starts a new profile and signs it up on the home server. */
export async function newPerson(options: LaunchOptions, user: string, name: string): Promise<RunningApp> {
  const app = await launchApp(options)
  await protectProfile(app.page, testPassphrase)
  await createLocalAccount(app.page, user, name)
  await postponePaperSecret(app.page)
  return app
}
