import { EventEmitter } from 'node:events'
import type { DbusConnection } from '../dbus/connection.ts'
import type { DbusMessage } from '../dbus/message.ts'
import { app } from '../app.ts'
import { desktop, notificationsName } from './desktop.ts'

export interface NotificationOptions {
  readonly title?: string
  readonly body?: string
  readonly silent?: boolean
  readonly icon?: unknown
  /** Buttons; a click raises `action` with `actionIndex`. */
  readonly actions?: readonly { readonly type: 'button'; readonly text?: string }[]
  /** `never`: stays until it is closed. */
  readonly timeoutType?: 'default' | 'never'
  readonly urgency?: 'low' | 'normal' | 'critical'
}

const urgencies = ['low', 'normal', 'critical'] as const
const actionPattern = /^action-(\d)$/

const objectPath = '/org/freedesktop/Notifications'
const shown = new Map<number, Notification>()
let preparing: Promise<{ markup: boolean }> | null = null

function callService(session: DbusConnection, member: string, signature = '', body: readonly unknown[] = []) {
  const call = { destination: notificationsName, path: objectPath, interface: notificationsName, member, body }
  return session.call(signature === '' ? call : { ...call, signature })
}

function handleSignal({ interface: from, member, body: [id, detail] }: DbusMessage): void {
  if (from !== notificationsName) return
  const notification = shown.get(id as number)
  if (notification === undefined) return
  if (member === 'ActionInvoked') {
    const index = actionPattern.exec(String(detail))?.[1]
    if (detail === 'default') setImmediate(() => notification.emit('click', {}))
    else if (index !== undefined)
      setImmediate(() => notification.emit('action', { actionIndex: Number(index) }, Number(index)))
  }
  if (member !== 'NotificationClosed') return
  shown.delete(id as number)
  setImmediate(() => notification.emit('close', {}))
}

async function prepare(session: DbusConnection): Promise<{ markup: boolean }> {
  await session.subscribe(`type='signal',interface='${notificationsName}'`, handleSignal)
  const [capabilities] = await callService(session, 'GetCapabilities')
  return { markup: (capabilities as string[]).includes('body-markup') }
}

/** A service that knows markup would act on `<` and `&` of a message. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** `electron.Notification` over the desktop's notification service; works without a window. */
export class Notification extends EventEmitter {
  readonly title: string
  readonly body: string
  readonly silent: boolean
  readonly #icon: string
  readonly #options: NotificationOptions
  #id = 0
  #isClosed = false

  constructor(options: NotificationOptions = {}) {
    super()
    const { title = '', body = '', silent = false, icon } = options
    this.#options = options
    this.title = title
    this.body = body
    this.silent = silent
    this.#icon = typeof icon === 'string' ? icon : ''
  }

  static isSupported(): boolean {
    return desktop.hasNotifications
  }

  /** Emits `show`, or `failed` where there is no service. */
  show(): void {
    this.#show().then(
      () => this.emit('show', {}),
      (error: unknown) => this.emit('failed', {}, error instanceof Error ? error.message : String(error)),
    )
  }

  async #show(): Promise<void> {
    const { session } = desktop
    if (session === null) throw new Error('no notification service')
    preparing ??= prepare(session)
    const { markup } = await preparing
    const body = markup ? escapeMarkup(this.body) : this.body
    const { actions = [], timeoutType = 'default', urgency = 'normal' } = this.#options
    const hints: [string, object][] = [['urgency', { signature: 'y', value: urgencies.indexOf(urgency) }]]
    if (this.silent) hints.push(['suppress-sound', { signature: 'b', value: true }])
    const buttons = ['default', '', ...actions.flatMap(({ text = '' }, index) => [`action-${index}`, text])]
    const expires = timeoutType === 'never' ? 0 : -1
    const values = [app.getName(), this.#id, this.#icon, this.title, body, buttons, hints, expires]
    const [id] = await callService(session, 'Notify', 'susssasa{sv}i', values)
    this.#id = id as number
    shown.set(this.#id, this)
    // Closed while the service was being asked: what rang a moment ago must not stay.
    if (this.#isClosed) this.close()
  }

  close(): void {
    this.#isClosed = true
    const { session } = desktop
    if (session === null || this.#id === 0) return
    callService(session, 'CloseNotification', 'u', [this.#id]).catch(() => undefined)
  }
}
