import type { FlowTransport, SipFlow } from '../proxy/flow.ts'
import type { ByteStream, MessageSocket } from '#shared/ports/sockets.ts'
import type { WebSocketLink } from './message-socket.ts'

let made = 0

/** Name of a flow, unique in this process. */
export function nextFlowId(transport: FlowTransport): string {
  made += 1
  return `${transport}-${made}`
}

const encoder = new TextEncoder()

/** A TCP or TLS connection as a flow. */
export function streamFlow(stream: ByteStream): SipFlow {
  const transport = stream.secure ? 'tls' : 'tcp'
  return {
    id: nextFlowId(transport),
    transport,
    remote: stream.remote,
    local: stream.local,
    get bufferedBytes() {
      return stream.bufferedBytes
    },
    send: (message) => void stream.write(typeof message === 'string' ? encoder.encode(message) : message),
    close: () => stream.close(),
    onMessage: (handler) => stream.onData(handler),
    onClose: (handler) => stream.onClose(() => handler()),
  }
}

/** A WebSocket with subprotocol `sip` as a flow (RFC 7118). */
export function webSocketFlow(socket: MessageSocket, link: WebSocketLink): SipFlow {
  const transport = link.secure ? 'wss' : 'ws'
  return {
    id: nextFlowId(transport),
    transport,
    remote: link.remote,
    local: link.local,
    get bufferedBytes() {
      return socket.bufferedBytes
    },
    send: (message) => socket.send(message),
    close: () => socket.close(),
    onMessage: (handler) => socket.onMessage(handler),
    onClose: (handler) => socket.onClose(() => handler()),
  }
}
