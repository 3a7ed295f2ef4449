/** Opens TCP and TLS sockets; nothing is written to a TLS socket before its certificate was accepted. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, rootCertificates, type TLSSocket } from 'node:tls'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { SocketFailure, StreamTarget, TlsIdentity } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { findCertificateProblem, type NameRules } from './certificate.ts'
import { failureOfError } from './failure.ts'

export interface OpenContext {
  readonly clock: ClockPort
  readonly connectTimeoutMs: number
  readonly rules: NameRules
}

/** Connects, and for a target with `tls` checks the certificate; the socket comes back paused. */
export async function openSocket(
  target: StreamTarget,
  context: OpenContext,
  signal?: AbortSignal,
): Promise<Result<Socket, SocketFailure>> {
  if (signal?.aborted === true) return err({ kind: 'closed' })
  const socket = target.tls === undefined ? startTcp(target) : startTls(target, target.tls)
  socket.pause()
  const connected = await waitFor(socket, target.tls === undefined ? 'connect' : 'secureConnect', context, signal)
  if (connected !== null) {
    socket.destroy()
    return err(connected)
  }
  const problem = target.tls === undefined ? null : refusal(socket as TLSSocket, target.tls, context)
  if (problem !== null) {
    socket.destroy()
    return err(problem)
  }
  return ok(socket)
}

function startTcp(target: StreamTarget): Socket {
  return connectTcp({ host: target.host, port: target.port, noDelay: true, keepAlive: true })
}

function startTls(target: StreamTarget, identity: TlsIdentity): TLSSocket {
  const socket = connectTls({
    host: target.host,
    port: target.port,
    // RFC 6066 §3: no IP address in the server name indication.
    ...(isIP(identity.serverName) === 0 ? { servername: identity.serverName } : {}),
    ca: [...rootCertificates, ...(identity.extraAuthorities ?? [])],
    minVersion: 'TLSv1.2',
    // The verdict is drawn in `refusal`, with a typed reason, before anything is written.
    rejectUnauthorized: false,
    // The name is checked apart from the chain, by RFC 5922.
    checkServerIdentity: () => undefined,
  })
  socket.setNoDelay(true)
  return socket
}

function refusal(socket: TLSSocket, identity: TlsIdentity, context: OpenContext): SocketFailure | null {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return { kind: 'protocol' }
  // Typed as Error, in truth the verification code as a string.
  const verdict = socket.authorizationError as unknown as string | null
  const chainError = socket.authorized ? null : (verdict ?? 'UNKNOWN')
  const problem = findCertificateProblem({ leaf: leaf.raw, chainError }, identity, context.rules, context.clock.now())
  return problem === null ? null : { kind: 'certificate', problem }
}

/** Resolves with null when `event` came, else with what went wrong first. */
function waitFor(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  context: OpenContext,
  signal: AbortSignal | undefined,
): Promise<SocketFailure | null> {
  return new Promise((resolve) => {
    const finish = (failure: SocketFailure | null): void => {
      timer.cancel()
      socket.off(event, onReady)
      socket.off('close', onClose)
      signal?.removeEventListener('abort', onAbort)
      resolve(failure)
    }
    const onReady = (): void => finish(null)
    const onClose = (): void => finish({ kind: 'closed' })
    const onAbort = (): void => finish({ kind: 'closed' })
    const timer = context.clock.after(context.connectTimeoutMs, () => finish({ kind: 'timed-out' }))
    socket.once(event, onReady)
    // Stays: a late error of a destroyed socket must not become an uncaught exception.
    socket.on('error', (error) => finish(failureOfError(error)))
    socket.once('close', onClose)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
