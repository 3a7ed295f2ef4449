/** What a running program holds, as its window is told. */
import type { Page } from '@playwright/test'
import type { SottoBridge } from '#shared/bridge/api.ts'
import type { AppView, MessageView } from '#shared/model/views.ts'

export function appView(page: Page): Promise<AppView> {
  return page.evaluate(async () => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const reply = await sotto.call('app.view', {})
    if (!reply.ok) throw new Error(reply.code)
    return reply.value
  })
}

/** The newest hundred messages of the conversation with an address, oldest first; none while it is locked. */
export function heldMessages(page: Page, peer: string): Promise<readonly MessageView[]> {
  return page.evaluate(async (address) => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const list = await sotto.call('conversations.list', {})
    const found = list.ok ? list.value.conversations.find((one) => one.peer === address) : undefined
    if (found === undefined) return []
    const anchor = { at: 'newest' } as const
    const reply = await sotto.call('messages.page', { conversationId: found.id, anchor, limit: 100 })
    return reply.ok ? reply.value.messages : []
  }, `sip:${peer}`)
}

/** The one message with a text. @throws Error if there is none, or more than one. */
export async function heldMessage(page: Page, peer: string, text: string): Promise<MessageView> {
  const found = (await heldMessages(page, peer)).filter((message) => message.text === text)
  const [message] = found
  if (message === undefined || found.length > 1) throw new Error(`${text}: ${found.length} of them`)
  return message
}
