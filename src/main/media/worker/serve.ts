import type { MediaPort } from '../media-port.ts'
import type { MediaMethods } from './contract.ts'

/** The calls of the contract, answered by `gateway`. */
export function mediaMethods(gateway: MediaPort): MediaMethods {
  return {
    inspect: (sdp) => gateway.inspect(sdp),
    offer: (request) => gateway.offer(request),
    takeAnswer: (request) => gateway.takeAnswer(request),
    answer: (request) => gateway.answer(request),
    reoffer: (request) => gateway.reoffer(request),
    takeBack: (request) => gateway.takeBack(request),
    zrtpSecrets: (...args) => gateway.zrtpSecrets(...args),
    compared: (call, equal) => gateway.compared(call, equal),
    sendDigit: (call, digit) => gateway.sendDigit(call, digit),
    network: (call) => gateway.network(call),
    networkChanged: () => gateway.networkChanged(),
    close: (call) => gateway.close(call),
    stop: () => gateway.stop(),
  }
}
