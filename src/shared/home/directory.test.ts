import { expect, test } from 'vitest'
import { defaultHomeDirectory } from './directory.ts'

test.each([
  ['linux', {}, '/home/ann/.local/share/sotto-home'],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/sotto-home'],
  ['linux', { XDG_DATA_HOME: 'relative' }, '/home/ann/.local/share/sotto-home'],
  ['darwin', {}, '/home/ann/Library/Application Support/sotto-home'],
  ['win32', { APPDATA: 'C:\\Users\\ann\\AppData\\Roaming' }, 'C:\\Users\\ann\\AppData\\Roaming\\sotto-home'],
])('home server directory on %s with %j', (platform, environment, expected) => {
  expect(defaultHomeDirectory({ platform, home: '/home/ann', environment })).toBe(expected)
})
