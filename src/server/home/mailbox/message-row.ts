import type { StoredMessage } from '../proxy/ports.ts'
import type { SipHeader } from '#protocol/sip/message.ts'
import type { Aor } from '#shared/model/ids.ts'

/** A row of table `message`. */
export interface MessageRow {
  readonly seq: number
  readonly id: string
  readonly recipient: string
  readonly sender: string
  readonly from_header: string
  readonly to_aor: string
  readonly call_id: string
  readonly received_at: number
  readonly headers: string
  readonly body: Uint8Array
  readonly size: number
}

export function messageOf(row: MessageRow): StoredMessage {
  return {
    from: row.sender as Aor,
    fromHeader: row.from_header,
    to: row.to_aor as Aor,
    callId: row.call_id,
    receivedAt: row.received_at,
    headers: JSON.parse(row.headers) as SipHeader[],
    body: row.body,
  }
}

const rowOverheadBytes = 200

/** Bytes a message counts for in quotas. */
export function sizeOf(message: StoredMessage): number {
  const headers = message.headers.reduce((sum, { name, value }) => sum + name.length + value.length, 0)
  return rowOverheadBytes + headers + message.fromHeader.length + message.callId.length + message.body.length
}
