import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createProfile, removeProfile, removeStaleProfiles } from './profile.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'sotto-profile-test-'))
afterEach(() => {
  removeProfile(root)
  mkdirSync(root, { recursive: true })
})

describe('Chromium profile', () => {
  it('is a fresh private folder that stores nothing for pages', () => {
    const profile = createProfile(root)
    expect(statSync(profile).mode & 0o777).toBe(0o700)
    expect(createProfile(root)).not.toBe(profile)
    const preferences = JSON.parse(readFileSync(path.join(profile, 'Default', 'Preferences'), 'utf8')) as object
    expect(preferences).toMatchObject({
      download_restrictions: 3,
      profile: { default_content_setting_values: { cookies: 2, geolocation: 2 } },
    })
    rmSync(profile, { recursive: true })
  })

  it('is removed later if its process is gone, and only then', () => {
    const own = createProfile(root)
    // The largest process id Linux gives is 2^22.
    const dead = path.join(root, 'sotto-chromium-99999999-abc')
    const foreign = path.join(root, 'other-99999999-abc')
    for (const folder of [dead, foreign]) mkdirSync(folder)
    removeStaleProfiles(root)
    expect([own, dead, foreign].map((folder) => existsSync(folder))).toEqual([true, false, true])
  })
})
