/** Words of a readable export; main has no dictionary of the screen. */
import type { CallRecordView } from '#shared/model/calls.ts'
import type { DeliveryState } from '#shared/model/views.ts'

export interface ReadableWords {
  readonly language: 'en' | 'de'
  readonly title: string
  readonly warning: string
  readonly conversations: string
  readonly messages: (count: number) => string
  readonly edited: string
  readonly deleted: string
  readonly fromFile: string
  readonly conflicting: string
  readonly missingFile: string
  readonly state: Readonly<Record<DeliveryState, string>>
  readonly call: Readonly<Record<CallRecordView['outcome'], string>>
  readonly video: string
}

const en: ReadableWords = {
  language: 'en',
  title: 'Sotto history',
  warning: 'These files are not encrypted: whoever has them can read them.',
  conversations: 'Conversations',
  messages: (count) => (count === 1 ? '1 message' : `${count} messages`),
  edited: 'edited',
  deleted: 'Message deleted',
  fromFile: 'from a file',
  conflicting: 'another message claims to be this one',
  missingFile: 'The file is not on this device.',
  state: { queued: 'waiting', sent: 'sent', delivered: 'delivered', displayed: 'seen', failed: 'not sent' },
  call: {
    answered: 'Call',
    elsewhere: 'Call, answered on another device',
    missed: 'Missed call',
    declined: 'Call, declined',
    busy: 'Call, busy',
    cancelled: 'Call, cancelled',
    failed: 'Call, failed',
  },
  video: 'with video',
}

const de: ReadableWords = {
  language: 'de',
  title: 'Sotto-Verlauf',
  warning: 'Diese Dateien sind nicht verschlüsselt: Wer sie hat, kann sie lesen.',
  conversations: 'Unterhaltungen',
  messages: (count) => (count === 1 ? '1 Nachricht' : `${count} Nachrichten`),
  edited: 'bearbeitet',
  deleted: 'Nachricht gelöscht',
  fromFile: 'aus einer Datei',
  conflicting: 'eine andere Nachricht gibt sich als diese aus',
  missingFile: 'Die Datei ist nicht auf diesem Gerät.',
  state: {
    queued: 'wartet',
    sent: 'gesendet',
    delivered: 'zugestellt',
    displayed: 'gesehen',
    failed: 'nicht gesendet',
  },
  call: {
    answered: 'Anruf',
    elsewhere: 'Anruf, auf einem anderen Gerät angenommen',
    missed: 'Verpasster Anruf',
    declined: 'Anruf, abgelehnt',
    busy: 'Anruf, besetzt',
    cancelled: 'Anruf, abgebrochen',
    failed: 'Anruf, fehlgeschlagen',
  },
  video: 'mit Bild',
}

export function readableWords(language: 'en' | 'de'): ReadableWords {
  return language === 'de' ? de : en
}
