import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Chromium also keeps its shared memory in /dev/shm: leave it room. */
const minFreeBytes = 512 * 1024 * 1024

/** Every site setting Chromium knows that Sotto's page has no use for. 2 = block. */
const blockedByDefault = [
  'cookies',
  'geolocation',
  'popups',
  'midi_sysex',
  'automatic_downloads',
  'bluetooth_guard',
  'usb_guard',
  'serial_guard',
  'hid_guard',
  'idle_detection',
  'window_placement',
  'local_fonts',
  'sensors',
]

/** Written into the fresh profile: nothing is stored, completed, translated, checked or downloaded. */
export function chromiumPreferences(): Record<string, unknown> {
  const settings = Object.fromEntries(blockedByDefault.map((name) => [name, 2]))
  return {
    autofill: { credit_card_enabled: false, profile_enabled: false },
    browser: { check_default_browser: false, has_seen_welcome_page: true },
    credentials_enable_service: false,
    dns_prefetching: { enabled: false },
    download_restrictions: 3,
    net: { network_prediction_options: 2 },
    printing: { enabled: false },
    profile: { default_content_setting_values: settings, exit_type: 'Normal', password_manager_enabled: false },
    safebrowsing: { enabled: false },
    search: { suggest_enabled: false },
    spellcheck: { dictionaries: [], use_spelling_service: false },
    translate: { enabled: false },
  }
}

/** In memory where there is room, else the system's temporary folder. */
export function profileRoot(): string {
  try {
    const memory = statfsSync('/dev/shm')
    if (memory.bavail * memory.bsize >= minFreeBytes) return '/dev/shm'
  } catch {
    // No such file system: the temporary folder does.
  }
  return os.tmpdir()
}

const prefix = 'sotto-chromium-'

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes the profiles under `root` that belong to us and whose process is gone (a crash left them). */
export function removeStaleProfiles(root: string): void {
  for (const name of readdirSync(root)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
    if (!Number.isSafeInteger(pid) || isAlive(pid)) continue
    const folder = path.join(root, name)
    try {
      const found = lstatSync(folder)
      if (found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)) removeProfile(folder)
    } catch {
      // Someone else removed it first.
    }
  }
}

/** Where Chromium puts what it writes down of a crash. */
export function crashFolder(profile: string): string {
  return path.join(profile, 'Crash Reports')
}

/** Makes a fresh 0700 folder for this process with our preferences inside. */
export function createProfile(root: string): string {
  const folder = mkdtempSync(path.join(root, `${prefix}${process.pid}-`))
  chmodSync(folder, 0o700)
  for (const inside of [path.join(folder, 'Default'), crashFolder(folder)]) mkdirSync(inside, { mode: 0o700 })
  writeFileSync(path.join(folder, 'Default', 'Preferences'), JSON.stringify(chromiumPreferences()), { mode: 0o600 })
  // Skips the first-run pages without a switch that newer versions may drop.
  writeFileSync(path.join(folder, 'First Run'), '', { mode: 0o600 })
  return folder
}

/** Removes a profile, trying again while dying processes still write into it. */
export function removeProfile(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
}
