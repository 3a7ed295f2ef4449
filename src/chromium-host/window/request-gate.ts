import type { PausedRequest } from '../cdp/protocol.ts'
import { protocol } from '../protocol.ts'
import type { PageSession } from './page-session.ts'
import { schemeOf, toAppUrl } from './page-url.ts'

const forbiddenHeaders = new Set(['content-length', 'transfer-encoding', 'connection', 'set-cookie'])

function withoutFragment(url: string): string {
  const hash = url.indexOf('#')
  return hash < 0 ? url : url.slice(0, hash)
}

/** Answers every request of a page from the app's protocol handlers; nothing goes to a network. */
export class RequestGate {
  readonly #page: PageSession
  readonly #mayNavigate: (url: string) => boolean
  #allowed: string | null = null
  #current = ''

  constructor(page: PageSession, mayNavigate: (url: string) => boolean) {
    this.#page = page
    this.#mayNavigate = mayNavigate
  }

  /** The app itself is about to open `pageUrl`. */
  allow(pageUrl: string): void {
    this.#allowed = withoutFragment(pageUrl)
  }

  /** The page at `pageUrl` is open now, so no navigation of ours is under way any more. */
  handleNavigated(pageUrl: string): void {
    this.#current = pageUrl
    this.#allowed = null
  }

  /** The app itself is about to open what is open. */
  allowReload(): void {
    this.allow(this.#current)
  }

  /** Whether a navigation the app asked for is under way. */
  get isOwnNavigation(): boolean {
    return this.#allowed !== null
  }

  async handlePaused(paused: PausedRequest): Promise<void> {
    try {
      await this.#answer(paused)
    } catch {
      // The page may be gone; a handler that threw counts as a failed request.
      this.#page.tell('Fetch.failRequest', { requestId: paused.requestId, errorReason: 'Failed' })
    }
  }

  async #answer(paused: PausedRequest): Promise<void> {
    const { requestId, request } = paused
    const appUrl = toAppUrl(request.url)
    const handler = appUrl === null ? null : protocol.handlerOf(schemeOf(appUrl))
    const locked = this.#isTopDocument(paused) && !this.#mayOpen(request.url, appUrl)
    if (locked || appUrl === null || handler === null) {
      this.#page.tell('Fetch.failRequest', { requestId, errorReason: locked ? 'Aborted' : 'BlockedByClient' })
      return
    }
    const body = request.hasPostData === true ? { body: request.postData ?? '' } : {}
    const response = await handler(new Request(appUrl, { method: request.method, headers: request.headers, ...body }))
    const bytes = Buffer.from(await response.arrayBuffer())
    await this.#page.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: response.status,
      responseHeaders: [...response.headers]
        .filter(([name]) => !forbiddenHeaders.has(name))
        .map(([name, value]) => ({ name, value })),
      body: bytes.toString('base64'),
    })
  }

  #isTopDocument({ resourceType, frameId }: PausedRequest): boolean {
    return resourceType === 'Document' && frameId === this.#page.targetId
  }

  #mayOpen(pageUrl: string, appUrl: string | null): boolean {
    const target = withoutFragment(pageUrl)
    if (target === this.#allowed) {
      this.#allowed = null
      return true
    }
    // A reload of what is open is not a way out.
    if (target === withoutFragment(this.#current)) return true
    return this.#mayNavigate(appUrl ?? pageUrl) && appUrl !== null
  }
}
