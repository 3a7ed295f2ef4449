import { accessSync, constants } from 'node:fs'
import path from 'node:path'

const fixedPaths: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: [
    // The program itself, not Debian's wrapper: that one reads /etc/chromium.d, which loads system extensions.
    '/usr/lib/chromium/chromium',
    '/usr/lib64/chromium-browser/chromium-browser',
    '/usr/lib/chromium-browser/chromium-browser',
    '/opt/google/chrome/chrome',
  ],
  darwin: [
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  win32: [
    'C:\\Program Files\\Chromium\\Application\\chrome.exe',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  ],
}

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Path of the Chromium to drive: `SOTTO_CHROMIUM`, the usual places, then `PATH`; null if there is none. */
export function findChromium(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string | null {
  const chosen = env.SOTTO_CHROMIUM
  if (chosen !== undefined && chosen !== '') return isExecutable(chosen) ? chosen : null
  const onPath = (env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder))
  const candidates = [
    ...(fixedPaths[platform] ?? []),
    ...names.flatMap((name) => onPath.map((at) => path.join(at, name))),
  ]
  return candidates.find(isExecutable) ?? null
}
