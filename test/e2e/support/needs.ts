import { accessSync, constants } from 'node:fs'
import path from 'node:path'

function isInstalled(command: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The commands that are not installed; with CI=true none is reported, so that the test runs and fails. */
export function missingCommands(...commands: readonly string[]): readonly string[] {
  return process.env.CI === 'true' ? [] : commands.filter((command) => !isInstalled(command))
}

/** Title of a suite, loud about what it would need. */
export function titleWithNeeds(title: string, missing: readonly string[]): string {
  return missing.length === 0 ? title : `${title} – SKIPPED: install ${missing.join(', ')}`
}
