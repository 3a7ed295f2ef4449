import { Notification } from 'electron'

/** What a notification shows; the body is null where previews are off. */
export interface NotificationContent {
  readonly id: string
  readonly title: string
  readonly body: string | null
  /** Without a sound. */
  readonly silent?: true
}

/** Desktop notifications, at most one per conversation; a click opens it. */
export class Notifications {
  readonly #shown = new Map<string, Notification>()
  readonly #onClick: (id: string) => void
  readonly #bodyWithoutPreview: () => string

  constructor(ports: { readonly onClick: (id: string) => void; readonly bodyWithoutPreview: () => string }) {
    this.#onClick = ports.onClick
    this.#bodyWithoutPreview = ports.bodyWithoutPreview
  }

  show(content: NotificationContent): void {
    if (!Notification.isSupported()) return
    this.withdraw(content.id)
    const { title, body, silent = false } = content
    const notification = new Notification({ title, body: body ?? this.#bodyWithoutPreview(), silent })
    notification.on('click', () => this.#onClick(content.id))
    notification.on('close', () => this.#shown.delete(content.id))
    this.#shown.set(content.id, notification)
    notification.show()
  }

  withdraw(id: string): void {
    this.#shown.get(id)?.close()
    this.#shown.delete(id)
  }

  withdrawAll(): void {
    for (const id of [...this.#shown.keys()]) this.withdraw(id)
  }
}
