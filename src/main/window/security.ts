/** The page's address: a scheme of our own, served from memory, never from a port. */
export const appScheme = 'sotto'
export const appOrigin = `${appScheme}://app`
export const appUrl = `${appOrigin}/index.html`

/** Content-Security-Policy of every page: own files only, no inline code, no network at all. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'none'",
  "frame-src 'none'",
  "worker-src 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** Response headers of every file of the app. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'microphone=(self), camera=(self), speaker-selection=(self), fullscreen=(self), display-capture=(), ' +
    'geolocation=(), midi=(), usb=(), serial=(), hid=(), bluetooth=()',
  'cache-control': 'no-store',
}

const mimeTypes: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['svg', 'image/svg+xml'],
  ['png', 'image/png'],
  ['woff2', 'font/woff2'],
  ['json', 'application/json'],
])

/** Type of a bundled file by its extension; null = not served. */
export function mimeTypeOf(path: string): string | null {
  return mimeTypes.get(path.slice(path.lastIndexOf('.') + 1).toLowerCase()) ?? null
}

/**
 * Relative file path that an app URL names, or null for anything that is not a plain file of the bundle
 * (other origin, traversal, encoded separators).
 */
export function bundlePathOf(url: string): string | null {
  // No file of the bundle needs an escape, and the URL parser would resolve `%2e%2e`.
  const parsed = !url.includes('%') && URL.canParse(url) ? new URL(url) : null
  if (parsed?.protocol !== `${appScheme}:` || parsed.host !== 'app') return null
  const path = parsed.pathname.replace(/^\/+/, '')
  if (path === '' || !/^[A-Za-z0-9_\-./]+$/.test(path)) return null
  return path.split('/').some((part) => part === '' || part.startsWith('.')) ? null : path
}

/** Only the app's own top frame may call main. */
export function isTrustedSender(frame: { readonly url: string; readonly top: boolean } | null): boolean {
  return frame !== null && frame.top && bundlePathOf(frame.url.split(/[?#]/)[0] ?? '') === 'index.html'
}

const allowedPermissions: ReadonlySet<string> = new Set(['notifications', 'media', 'speaker-selection'])

/**
 * Permissions the page may have: microphone and camera, which it opens only in calls, tests and for codes of devices, all
 * started by the user, the choice of the speaker, and notifications.
 */
export function isAllowedPermission(permission: string): boolean {
  return allowedPermissions.has(permission)
}
