import { ipcMain, type BrowserWindow, type IpcMainInvokeEvent } from 'electron'
import type { BridgeReply } from '#shared/bridge/api.ts'
import { callChannel, eventChannel, secretChannel } from '#shared/bridge/names.ts'
import { isTrustedSender } from './security.ts'

const channels = { call: callChannel, secret: secretChannel } as const

type Dispatch = (channel: 'call' | 'secret', name: unknown, args: unknown) => Promise<BridgeReply<unknown>>

function senderOf(event: IpcMainInvokeEvent): { url: string; top: boolean } | null {
  const frame = event.senderFrame
  return frame === null ? null : { url: frame.url, top: frame.parent === null }
}

/** Answers calls of our own page; everything else is told `untrusted-sender`. */
export function answerBridgeCalls(dispatch: Dispatch): void {
  for (const channel of ['call', 'secret'] as const) {
    ipcMain.handle(channels[channel], (event, request: unknown): Promise<BridgeReply<unknown>> => {
      if (!isTrustedSender(senderOf(event))) return Promise.resolve({ ok: false, code: 'untrusted-sender', params: {} })
      const { name, args } = Object(request) as { name?: unknown; args?: unknown }
      return dispatch(channel, name, args)
    })
  }
}

/** Sends a fact to one window. */
export function sendFact(window: BrowserWindow, event: string, payload: unknown): void {
  if (!window.isDestroyed()) window.webContents.send(eventChannel, { name: event, payload })
}
