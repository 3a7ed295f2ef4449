import type { LogPort } from '#shared/ports/log.ts'
import type { SignallingPort } from '../signalling-port.ts'
import type { SignallingMethods, WorkerLogLine } from './contract.ts'

/** The calls of the contract, answered by `service`. */
export function signallingMethods(service: SignallingPort): SignallingMethods {
  return {
    configure: (account) => service.configure(account),
    remove: (accountId) => service.remove(accountId),
    reconnect: (accountId) => service.reconnect(accountId),
    networkChanged: () => service.networkChanged(),
    send: (request) => service.send(request),
    typing: (accountId, to, active) => service.typing(accountId, to, active),
    accept: (receipt, status) => service.accept(receipt, status),
    refuse: (receipt, status) => service.refuse(receipt, status),
    answerChatSession: (session, answer) => service.answerChatSession(session, answer),
    call: (command) => service.call(command),
    stop: () => service.stop(),
  }
}

/** A log whose lines go to main. */
export function forwardedLog(write: (line: WorkerLogLine) => void, area = 'signalling'): LogPort {
  return {
    debug: (event, fields = {}) => write({ level: 'debug', area, event, fields }),
    info: (event, fields = {}) => write({ level: 'info', area, event, fields }),
    warn: (event, fields = {}) => write({ level: 'warn', area, event, fields }),
    error: (event, fields = {}) => write({ level: 'error', area, event, fields }),
    child: (name) => forwardedLog(write, `${area}.${name}`),
  }
}
