/** The only thing the page gets: `window.sotto`, limited to the names of the bridge table and the event list. */
import { contextBridge, ipcRenderer } from 'electron'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { bridgeEventNames } from '#shared/bridge/events.ts'
import { callChannel, eventChannel, plainBridgeNames, secretBridgeNames, secretChannel } from '#shared/bridge/names.ts'

type Handler = (payload: unknown) => void

const plain = new Set<string>(plainBridgeNames)
const secret = new Set<string>(secretBridgeNames)
const handlers = new Map<string, Set<Handler>>(bridgeEventNames.map((name) => [name, new Set()]))

async function call(name: string, args: unknown): Promise<unknown> {
  if (plain.has(name)) return ipcRenderer.invoke(callChannel, { name, args })
  if (secret.has(name)) return ipcRenderer.invoke(secretChannel, { name, args })
  return { ok: false, code: 'invalid-argument', params: {} }
}

function on(event: string, handler: Handler): () => void {
  const set = handlers.get(event)
  if (set === undefined || typeof handler !== 'function') return () => undefined
  set.add(handler)
  return () => {
    set.delete(handler)
  }
}

ipcRenderer.on(eventChannel, (_event, fact: { readonly name: string; readonly payload: unknown }) => {
  for (const handler of handlers.get(fact.name) ?? []) handler(fact.payload)
})

const bridge = { call, on } as SottoBridge
contextBridge.exposeInMainWorld('sotto', bridge)
