import type { Reaction } from '#shared/model/reactions.ts'
import type { MessageView } from '#shared/model/views.ts'

/** Nobody but a file says that the other side knows the message. */
export function mayReact({ deleted, call, timer, authenticatedBy }: MessageView): boolean {
  return !deleted && call === undefined && timer === undefined && authenticatedBy !== 'file'
}

/** Whether the user chose it: of the two sides, the one that wrote the message is named by it. */
export function isOwnReaction(message: Pick<MessageView, 'direction' | 'author'>, { author }: Reaction): boolean {
  return (message.direction === 'outgoing') === (author === message.author)
}
