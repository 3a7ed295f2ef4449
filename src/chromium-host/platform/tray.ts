import { EventEmitter } from 'node:events'
import type { DbusMessage } from '../dbus/message.ts'
import type { DbusConnection, ExportedObject } from '../dbus/connection.ts'
import type { Variant } from '../dbus/wire.ts'
import { app } from '../app.ts'
import { desktop, registerStatusItem } from './desktop.ts'
import type { Menu } from './menu.ts'
import { exportMenu, menuInterface } from './tray-menu.ts'

const itemInterface = 'org.kde.StatusNotifierItem'
/** What a panel calls → the event of `electron.Tray`. */
const eventOf: ReadonlyMap<string | null, string> = new Map([
  ['Activate', 'click'],
  ['ContextMenu', 'right-click'],
  ['SecondaryActivate', 'middle-click'],
])
let lastId = 0

/**
 * `electron.Tray` as a StatusNotifierItem. Where no panel shows such items (`hostFacts().tray` is false) the object works
 * and nothing is seen, so the app must not rely on it.
 */
export class Tray extends EventEmitter {
  readonly #number = ++lastId
  readonly #itemPath = `/StatusNotifierItem/${this.#number}`
  readonly #menuPath = `/StatusNotifierMenu/${this.#number}`
  #icon: string
  #toolTip = ''
  #menu: Menu | null = null
  #revision = 1
  #session: DbusConnection | null = null
  #destroyed = false

  /** @param image - absolute path of an icon file */
  constructor(image: unknown) {
    super()
    this.#icon = typeof image === 'string' ? image : ''
    if (desktop.hasTray && desktop.session !== null) this.#publish(desktop.session)
  }

  #publish(session: DbusConnection): void {
    this.#session = session
    session.exportObject(this.#itemPath, (call) => this.#answer(call))
    session.exportObject(
      this.#menuPath,
      exportMenu(
        () => this.#menu,
        () => this.#revision,
      ),
    )
    registerStatusItem(session, this.#itemPath).catch(() => undefined)
  }

  #answer(call: DbusMessage): ReturnType<ExportedObject> {
    if (call.interface === 'org.freedesktop.DBus.Properties') return this.#answerProperties(call)
    const event = eventOf.get(call.member ?? '')
    if (event === undefined) return call.member === 'Scroll' ? {} : null
    setImmediate(() => this.emit(event, {}))
    return {}
  }

  #properties(): [string, Variant][] {
    const text = (value: string): Variant => ({ signature: 's', value })
    const name = app.getName()
    return [
      ['Category', text('Communications')],
      ['Id', text(name)],
      ['Title', text(name)],
      ['Status', text('Active')],
      ['IconName', text(this.#icon)],
      ['IconPixmap', { signature: 'a(iiay)', value: [] }],
      ['ToolTip', { signature: '(sa(iiay)ss)', value: ['', [], this.#toolTip, ''] }],
      ['ItemIsMenu', { signature: 'b', value: false }],
      ['Menu', { signature: 'o', value: this.#menuPath }],
    ]
  }

  #answerProperties({ member, body: [, name] }: DbusMessage): ReturnType<ExportedObject> {
    if (member === 'GetAll') return { signature: 'a{sv}', body: [this.#properties()] }
    const found = this.#properties().find(([key]) => key === name)
    return member === 'Get' && found !== undefined ? { signature: 'v', body: [found[1]] } : null
  }

  #announce(path: string, from: string, member: string): void {
    const signal = { path, interface: from, member }
    if (member === 'LayoutUpdated')
      this.#session?.emitSignal({ ...signal, signature: 'ui', body: [++this.#revision, 0] })
    else this.#session?.emitSignal(signal)
  }

  setImage(image: unknown): void {
    if (typeof image === 'string') this.#icon = image
    this.#announce(this.#itemPath, itemInterface, 'NewIcon')
  }

  setToolTip(text: string): void {
    this.#toolTip = text
    this.#announce(this.#itemPath, itemInterface, 'NewToolTip')
  }

  setContextMenu(menu: Menu | null): void {
    this.#menu = menu
    this.#announce(this.#menuPath, menuInterface, 'LayoutUpdated')
  }

  destroy(): void {
    this.#destroyed = true
    this.#session?.unexportObject(this.#itemPath)
    this.#session?.unexportObject(this.#menuPath)
    this.#session = null
  }

  isDestroyed(): boolean {
    return this.#destroyed
  }
}
