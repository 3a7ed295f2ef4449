import { wipe } from '#shared/bytes/bytes.ts'
import type { MediaEvent, MediaPort, ZrtpPeerSecrets } from '../media-port.ts'
import type { MediaMethods } from './contract.ts'

/** The calls of the contract, answered by `gateway`; secrets in them are copies of this thread. */
export function mediaMethods(gateway: MediaPort): MediaMethods {
  return {
    inspect: (sdp) => gateway.inspect(sdp),
    offer: (request) => gateway.offer(request),
    takeAnswer: (request) => gateway.takeAnswer(request),
    answer: (request) => gateway.answer(request),
    reoffer: (request) => gateway.reoffer(request),
    takeBack: (request) => gateway.takeBack(request),
    zrtpSecrets: (...args) => gateway.zrtpSecrets(...args).finally(() => wipeSecrets(args[2])),
    compared: (call, equal) => gateway.compared(call, equal),
    sendDigit: (call, digit) => gateway.sendDigit(call, digit),
    network: (call) => gateway.network(call),
    networkChanged: () => gateway.networkChanged(),
    close: (call) => gateway.close(call),
    stop: () => gateway.stop(),
  }
}

/** Hands every event of `gateway` to main, which gets a copy: secrets do not stay here. */
export function announceTo(emit: (event: MediaEvent) => void, gateway: MediaPort): void {
  gateway.onEvent((event) => {
    emit(event)
    if (event.kind === 'zrtp-retain') wipeSecrets(event)
  })
}

function wipeSecrets(secrets: Pick<ZrtpPeerSecrets, 'rs1' | 'rs2'> | null): void {
  for (const secret of [secrets?.rs1, secrets?.rs2]) if (secret != null) wipe(secret)
}
