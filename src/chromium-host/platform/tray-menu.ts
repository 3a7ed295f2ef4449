import type { DbusMessage } from '../dbus/message.ts'
import type { ExportedObject } from '../dbus/connection.ts'
import type { Variant } from '../dbus/wire.ts'
import type { Menu, MenuItemTemplate } from './menu.ts'

/** com.canonical.dbusmenu, version 3: how desktops read the menu of a status icon. */
export const menuInterface = 'com.canonical.dbusmenu'

type Properties = [string, Variant][]

function text(value: string): Variant {
  return { signature: 's', value }
}

function flag(value: boolean): Variant {
  return { signature: 'b', value }
}

function propertiesOf(item: MenuItemTemplate): Properties {
  if (item.type === 'separator') return [['type', text('separator')]]
  return [
    // An underscore would mark a shortcut.
    ['label', text((item.label ?? '').replaceAll('_', '__'))],
    ['enabled', flag(item.enabled ?? true)],
    ['visible', flag(item.visible ?? true)],
  ]
}

/** One item with its id; the root has id 0 and each item its position from 1. */
function layoutOf(items: readonly MenuItemTemplate[]): unknown[] {
  const children = items.map((item, index): Variant => ({
    signature: '(ia{sv}av)',
    value: [index + 1, propertiesOf(item), []],
  }))
  return [0, [['children-display', text('submenu')]], children]
}

/** Answers for the menu that `current` returns. */
export function exportMenu(current: () => Menu | null, revision: () => number): ExportedObject {
  const items = (): readonly MenuItemTemplate[] => current()?.items ?? []
  const handlers: Readonly<Record<string, ExportedObject>> = {
    GetLayout: () => ({ signature: 'u(ia{sv}av)', body: [revision(), layoutOf(items())] }),
    GetGroupProperties: ({ body: [ids] }) => {
      const wanted = ids as number[]
      const all = items().map((item, index): [number, Properties] => [index + 1, propertiesOf(item)])
      return { signature: 'a(ia{sv})', body: [all.filter(([id]) => wanted.length === 0 || wanted.includes(id))] }
    },
    AboutToShow: () => ({ signature: 'b', body: [false] }),
    AboutToShowGroup: () => ({ signature: 'aiai', body: [[], []] }),
    EventGroup: () => ({ signature: 'ai', body: [[]] }),
    Event: ({ body: [id, event] }) => {
      const item = items()[(id as number) - 1]
      if (event === 'clicked') setImmediate(() => item?.click?.())
      return {}
    },
  }
  const byName = new Map(Object.entries(handlers))
  return (call: DbusMessage) => {
    if (call.interface === 'org.freedesktop.DBus.Properties') return menuProperties(call)
    return (byName.get(call.member ?? '') ?? (() => null))(call)
  }
}

function menuProperties({ member, body: [, name] }: DbusMessage): ReturnType<ExportedObject> {
  const all: Properties = [
    ['Version', { signature: 'u', value: 3 }],
    ['Status', text('normal')],
    ['TextDirection', text('ltr')],
    ['IconThemePath', { signature: 'as', value: [] }],
  ]
  if (member === 'GetAll') return { signature: 'a{sv}', body: [all] }
  const found = all.find(([key]) => key === name)
  return member === 'Get' && found !== undefined ? { signature: 'v', body: [found[1]] } : null
}
