import { Notification } from 'electron'
import type { MainStrings } from './strings.ts'

/** What rings; the name is empty where nothing may be shown of it. */
export interface RingingCall {
  readonly id: string
  readonly name: string
  readonly video: boolean
  readonly silent: boolean
}

interface Ports {
  readonly strings: () => MainStrings
  readonly onAnswer: (id: string) => void
  readonly onDecline: (id: string) => void
  /** The notification itself was clicked: show the window, decide there. */
  readonly onShow: () => void
}

/** Desktop notifications of calls that ring here, with buttons where the desktop has them; they need no window. */
export class CallNotifications {
  readonly #ports: Ports
  readonly #ringing = new Map<string, Notification>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  ring({ id, name, video, silent }: RingingCall): void {
    if (!Notification.isSupported()) return
    const { answer, decline, callFrom, videoCallFrom } = this.#ports.strings()
    const actions = [answer, decline].map((text) => ({ type: 'button' as const, text }))
    const title = (video ? videoCallFrom : callFrom)(name)
    const notification = new Notification({ title, silent, actions, timeoutType: 'never', urgency: 'critical' })
    notification.on('click', () => this.#ports.onShow())
    notification.on('action', ({ actionIndex }) => {
      if (actionIndex === 0) this.#ports.onAnswer(id)
      else this.#ports.onDecline(id)
    })
    notification.on('close', () => this.#ringing.delete(id))
    this.#ringing.set(id, notification)
    notification.show()
  }

  stop(id: string): void {
    this.#ringing.get(id)?.close()
    this.#ringing.delete(id)
  }
}
