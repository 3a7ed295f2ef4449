import { EventEmitter } from 'node:events'

export interface MenuItemTemplate {
  readonly label?: string
  readonly type?: 'normal' | 'separator' | 'submenu' | 'checkbox' | 'radio'
  readonly enabled?: boolean
  readonly visible?: boolean
  readonly click?: () => void
}

/** `electron.Menu`: the items of a tray menu. Chromium app windows have no menu bar and no native context menu of ours. */
export class Menu extends EventEmitter {
  readonly items: readonly MenuItemTemplate[]

  constructor(items: readonly MenuItemTemplate[] = []) {
    super()
    this.items = items
  }

  static buildFromTemplate(template: readonly MenuItemTemplate[]): Menu {
    return new Menu(template)
  }

  /** Removing the application menu is all that can be done: there is none. @throws Error for a menu. */
  static setApplicationMenu(menu: Menu | null): void {
    if (menu !== null) throw new Error('This host has no application menu.')
  }

  static getApplicationMenu(): null {
    return null
  }

  /** @throws Error always: use a menu of the page. */
  popup(): void {
    throw new Error('This host has no native context menus.')
  }
}
