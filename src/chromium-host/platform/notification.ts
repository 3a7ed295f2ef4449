import { EventEmitter } from 'node:events'
export interface NotificationOptions {
  readonly title?: string
  readonly body?: string
  readonly silent?: boolean
}

/** `electron.Notification`. */
export class Notification extends EventEmitter {
  readonly title: string
  readonly body: string
  readonly silent: boolean

  constructor({ title = '', body = '', silent = false }: NotificationOptions = {}) {
    super()
    this.title = title
    this.body = body
    this.silent = silent
  }

  static isSupported(): boolean {
    return false
  }

  show(): void {
    this.emit('failed', {}, 'no notification service')
  }

  close(): void {
    return
  }
}
