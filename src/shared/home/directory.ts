/**
 * Where the home server of a user of this computer keeps its files unless told otherwise: beside, not in, the profiles,
 * because all profiles of a user share one server.
 */
export function defaultHomeDirectory(system: {
  readonly platform: string
  readonly home: string
  readonly environment: Readonly<Record<string, string | undefined>>
}): string {
  const { platform, home, environment } = system
  if (platform === 'win32') return `${environment.APPDATA ?? `${home}\\AppData\\Roaming`}\\sotto-home`
  if (platform === 'darwin') return `${home}/Library/Application Support/sotto-home`
  const base = environment.XDG_DATA_HOME
  // The XDG base directory rules: a relative path is invalid and ignored.
  return `${base?.startsWith('/') === true ? base : `${home}/.local/share`}/sotto-home`
}
