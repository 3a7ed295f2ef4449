import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { CdpConnection } from '../cdp/connection.ts'
import type { CdpCommands, CdpEvent, CdpMethod } from '../cdp/protocol.ts'
import type { AttachedTarget } from '../engine.ts'
import { isolatedWorldScript, mainWorldScript } from '../inject/source.ts'
import type { UpFrame } from '../inject/ipc-renderer.ts'
import { decodeClone, encodeClone } from '../inject/codec.ts'
import type { DownFrame } from '../inject/ipc-renderer.ts'
import { RequestGate } from './request-gate.ts'
import { toAppUrl } from './page-url.ts'

const worldName = 'sotto-preload'
/** Longest message a page may send us at once, in characters. */
const maxUpFrameChars = 64 * 1024 * 1024
/** Messages kept for a page that is still loading. */
const maxQueued = 10_000
/** How long the marker page may take to load. Chromium seldom drops it, and then nothing is under way. */
const markerGraceMs = 1000

export interface PageHandlers {
  readonly onFrame: (frame: UpFrame) => void
  readonly onPainted: () => void
  readonly onDomReady: () => void
  readonly onLoaded: () => void
  readonly onCrashed: () => void
  /** Returns whether the window may close. */
  readonly onCloseAsked: () => boolean
  readonly onWindowOpenAsked: (url: string) => void
  /** Returns whether the page may go to `appUrl` (or to a foreign address). */
  readonly onNavigateAsked: (url: string) => boolean
}

/** One attached page: its two worlds, its requests and its messages. */
export class PageSession {
  readonly connection: CdpConnection
  readonly sessionId: string
  readonly targetId: string
  readonly #handlers: PageHandlers
  readonly #gate: RequestGate
  readonly #binding = `b${randomBytes(16).toString('hex')}`
  readonly #receiver = `r${randomBytes(16).toString('hex')}`
  readonly #queue: string[] = []
  readonly #markerLoaded = Promise.withResolvers<void>()
  #isolatedContext: number | null = null
  #receiverObject: string | null = null
  /** Address of the document that runs now, as the app knows it. */
  url = ''

  constructor(target: AttachedTarget, handlers: PageHandlers) {
    this.connection = target.connection
    this.sessionId = target.sessionId
    this.targetId = target.targetId
    this.#handlers = handlers
    this.#gate = new RequestGate(this, (url) => handlers.onNavigateAsked(url))
    this.connection.listen(this.sessionId, (event) => this.#handleEvent(event))
  }

  send<M extends CdpMethod>(method: M, params: CdpCommands[M]['params']): Promise<CdpCommands[M]['result']> {
    return this.connection.send(method, params, this.sessionId)
  }

  /** Sends and forgets: the page may be gone by now. */
  tell<M extends CdpMethod>(method: M, params: CdpCommands[M]['params']): void {
    this.send(method, params).catch(() => undefined)
  }

  /** Prepares both worlds, lets the page run and waits for its marker page. */
  async prepare(preloadPath: string | null, versions: Readonly<Record<string, string>>): Promise<void> {
    const handshake = `h${randomBytes(16).toString('hex')}`
    const { platform, arch } = process
    const config = { handshake, binding: this.#binding, receiver: this.#receiver, platform, arch, versions }
    const preload = preloadPath === null ? '' : readFileSync(preloadPath, 'utf8')
    await Promise.all([
      this.send('Page.enable', {}),
      this.send('Runtime.enable', {}),
      this.send('Inspector.enable', {}),
      this.send('Page.setLifecycleEventsEnabled', { enabled: true }),
      this.send('Runtime.addBinding', { name: this.#binding, executionContextName: worldName }),
      this.send('Page.addScriptToEvaluateOnNewDocument', { source: mainWorldScript(handshake) }),
      this.send('Page.addScriptToEvaluateOnNewDocument', { source: isolatedWorldScript(config, preload), worldName }),
      this.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] }),
      this.send('Runtime.runIfWaitingForDebugger', {}),
    ])
    // A page that is opened while another is on its way says too late to us that it is there: it would stay without a voice.
    await Promise.race([this.#markerLoaded.promise, setTimeout(markerGraceMs, undefined, { ref: false })])
  }

  /** @throws Error with Chromium's reason if the page cannot be opened. */
  async navigate(pageUrl: string): Promise<void> {
    this.#gate.allow(pageUrl)
    const { errorText } = await this.send('Page.navigate', { url: pageUrl })
    if (errorText !== undefined) throw Object.assign(new Error(`${errorText} loading the page`), { code: errorText })
  }

  reload(): void {
    this.#gate.allowReload()
    this.tell('Page.reload', {})
  }

  /** Runs `expression` in the preload's world; null if there is none. */
  async evaluateIsolated(expression: string, userGesture: boolean): Promise<string | null> {
    if (this.#isolatedContext === null) return null
    const contextId = this.#isolatedContext
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression,
      contextId,
      userGesture,
      awaitPromise: true,
    })
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.objectId ?? null
  }

  /** Delivers to the preload, in order; kept until the preload has run. */
  transmit(frame: DownFrame): void {
    const text = encodeClone(frame)
    if (this.#receiverObject !== null) this.#deliver(this.#receiverObject, text)
    else if (this.#queue.length < maxQueued) this.#queue.push(text)
  }

  #deliver(objectId: string, text: string): void {
    this.tell('Runtime.callFunctionOn', {
      functionDeclaration: 'function(t){this(t)}',
      objectId,
      arguments: [{ value: text }],
      silent: true,
    })
  }

  async #preloadFinished(contextId: number): Promise<void> {
    const { result } = await this.send('Runtime.evaluate', { expression: this.#receiver, contextId })
    if (result.objectId === undefined || this.#isolatedContext !== contextId) return
    this.#receiverObject = result.objectId
    for (const text of this.#queue.splice(0)) this.#deliver(result.objectId, text)
    // A close can only be vetoed on a page that was used; a person who never clicked may veto as well.
    this.tell('Runtime.evaluate', { expression: '0', contextId, userGesture: true })
  }

  #handleBinding(payload: string): void {
    if (payload.length > maxUpFrameChars) return
    const frame = decodeFrame(payload)
    if (frame === null) return
    if (frame.k === 'h' && this.#isolatedContext !== null)
      this.#preloadFinished(this.#isolatedContext).catch(() => undefined)
    else this.#handlers.onFrame(frame)
  }

  #handleEvent(event: CdpEvent): void {
    if (event.method.startsWith('Page.') || event.method.startsWith('Inspector.')) this.#handlePageEvent(event)
    else if (event.method === 'Fetch.requestPaused') void this.#gate.handlePaused(event.params)
    else this.#handleRuntimeEvent(event)
  }

  #handleRuntimeEvent(event: CdpEvent): void {
    if (event.method === 'Runtime.bindingCalled') {
      const { name, executionContextId, payload } = event.params
      // Only our preload's world of the top document speaks for the page.
      if (name === this.#binding && executionContextId === this.#isolatedContext) this.#handleBinding(payload)
    }
    if (event.method === 'Runtime.executionContextCreated') this.#handleContext(event.params.context)
    if (event.method === 'Runtime.executionContextsCleared') this.#forgetContext()
    if (
      event.method === 'Runtime.executionContextDestroyed' &&
      event.params.executionContextId === this.#isolatedContext
    )
      this.#forgetContext()
  }

  #handleContext(context: { id: number; name: string; auxData?: { frameId?: string } }): void {
    if (context.name !== worldName || context.auxData?.frameId !== this.targetId) return
    this.#forgetContext()
    this.#isolatedContext = context.id
  }

  #forgetContext(): void {
    this.#isolatedContext = null
    this.#receiverObject = null
  }

  #handlePageEvent(event: CdpEvent): void {
    if (event.method === 'Page.frameNavigated' && event.params.frame.parentId === undefined)
      this.#handleNavigated(event.params.frame.url)
    if (event.method === 'Page.navigatedWithinDocument' && event.params.frameId === this.targetId)
      this.#handleNavigated(event.params.url)
    if (event.method === 'Page.windowOpen') this.#handlers.onWindowOpenAsked(event.params.url)
    if (event.method === 'Page.javascriptDialogOpening') this.#handleDialog(event.params.type)
    if (event.method === 'Inspector.targetCrashed') {
      this.#forgetContext()
      this.#handlers.onCrashed()
    }
    // Before the app's own page is open, only the marker page speaks.
    if (this.url !== '') this.#handleLoading(event)
    else if (event.method === 'Page.loadEventFired') this.#markerLoaded.resolve()
  }

  #handleLoading(event: CdpEvent): void {
    if (event.method === 'Page.domContentEventFired') this.#handlers.onDomReady()
    if (event.method === 'Page.loadEventFired') this.#handlers.onLoaded()
    if (event.method === 'Page.lifecycleEvent' && event.params.name === 'firstContentfulPaint')
      this.#handlers.onPainted()
  }

  #handleNavigated(pageUrl: string): void {
    this.url = toAppUrl(pageUrl) ?? ''
    if (this.url !== '') this.#gate.handleNavigated(pageUrl)
  }

  #handleDialog(type: string): void {
    // alert, confirm and prompt have no place in the app: they would stop it.
    const accept = type === 'beforeunload' ? this.#gate.isOwnNavigation || this.#handlers.onCloseAsked() : false
    this.tell('Page.handleJavaScriptDialog', { accept })
  }
}

/** What a page sent, whatever it is: null for all that is not a frame. Its fields are looked at by who handles it. */
export function decodeFrame(payload: string): UpFrame | null {
  try {
    const decoded: unknown = decodeClone(payload)
    const isFrame = typeof decoded === 'object' && decoded !== null && 'k' in decoded && typeof decoded.k === 'string'
    return isFrame ? (decoded as UpFrame) : null
  } catch {
    return null
  }
}
