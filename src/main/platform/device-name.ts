/** Longest name of a device in a chain, UTF-16 units. */
const maxLength = 80

/** What a new device calls itself: its computer, and the profile where it is not the usual one, since each is a device of its own. */
export function defaultDeviceName(host: string, profile: string): string {
  const suffix = profile === 'default' ? '' : ` (${profile})`
  return `${host.slice(0, maxLength - Math.min(suffix.length, maxLength))}${suffix}`.slice(0, maxLength)
}
