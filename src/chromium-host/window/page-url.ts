/**
 * The app's own schemes as Chromium sees them: `sotto://app/x` is served as `https://app.sotto.invalid/x`, a secure origin
 * that no resolver knows (RFC 6761), so that a request which escapes our interception reaches nobody.
 */
const suffix = '.invalid'
const pattern = /^https:\/\/([a-z0-9-]{1,63})\.([a-z][a-z0-9-]{0,62})\.invalid(\/.*|)$/
const appPattern = /^([a-z][a-z0-9-]{0,62}):\/\/([a-z0-9-]{1,63})((?:[/?#].*)?)$/

/** The address Chromium opens for an app address; null if it is not one (`scheme://host/…`). */
export function toPageUrl(appUrl: string): string | null {
  const found = appPattern.exec(appUrl)
  if (found === null) return null
  const [, scheme = '', host = '', rest = ''] = found
  if (scheme === 'http' || scheme === 'https') return null
  return `https://${host}.${scheme}${suffix}${rest.startsWith('/') ? rest : `/${rest}`}`
}

/** The app address behind a page address; null for anything that is not one of ours. */
export function toAppUrl(pageUrl: string): string | null {
  const found = pattern.exec(pageUrl)
  if (found === null) return null
  const [, host = '', scheme = '', rest = ''] = found
  return `${scheme}://${host}${rest === '' ? '/' : rest}`
}

/** The scheme of an app address, without the colon. */
export function schemeOf(appUrl: string): string {
  return appUrl.slice(0, appUrl.indexOf(':'))
}

/** The page origin of an app address, for permissions; null if it is not one. */
export function pageOriginOf(appUrl: string): string | null {
  const pageUrl = toPageUrl(appUrl)
  return pageUrl === null ? null : new URL(pageUrl).origin
}
