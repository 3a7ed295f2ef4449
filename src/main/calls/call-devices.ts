/** Devices of a contact that calls agreed keys with, and what the user noted about them. */
import { toHex } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { CallDeviceView, ComparedElsewhereView } from '#shared/model/calls.ts'
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { CallPeersPort, CallTrustPort, TrustedDevice } from './ports.ts'

interface Ports {
  /** Null for an account that is not there. */
  readonly accountAor: (id: AccountId) => Aor | null
  readonly peers: Pick<CallPeersPort, 'byConversation'>
  readonly trust: Pick<CallTrustPort, 'devices' | 'setVerified' | 'comparedElsewhere'>
}

interface Contact {
  readonly account: Aor
  readonly peer: Aor
}

interface Chosen {
  readonly conversationId: ConversationId
  readonly zid: string
}

export class CallDevices {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** @throws SottoError `not-found`. */
  async list({ conversationId }: { readonly conversationId: ConversationId }): Promise<readonly CallDeviceView[]> {
    const { account, peer } = await this.#contact(conversationId)
    return (await this.#ports.trust.devices(account, peer)).map(viewOf)
  }

  /** @throws SottoError `not-found`. */
  async comparedElsewhere({
    conversationId,
  }: {
    readonly conversationId: ConversationId
  }): Promise<readonly ComparedElsewhereView[]> {
    const { account, peer } = await this.#contact(conversationId)
    return this.#ports.trust.comparedElsewhere(account, peer)
  }

  /** @throws SottoError `not-found`. */
  async rename({ name, ...chosen }: Chosen & { readonly name: string }): Promise<void> {
    await this.#note(chosen, ({ verified }) => ({ verified, name: cleanDisplayName(name) }))
  }

  /** The next call asks to compare again. @throws SottoError `not-found`. */
  async forgetComparison(chosen: Chosen): Promise<void> {
    await this.#note(chosen, ({ name }) => ({ verified: false, name }))
  }

  async #note(
    { conversationId, zid }: Chosen,
    change: (device: TrustedDevice) => { readonly verified: boolean; readonly name: string },
  ): Promise<void> {
    const { account, peer } = await this.#contact(conversationId)
    const { trust } = this.#ports
    const device = (await trust.devices(account, peer)).find(({ peerZid }) => toHex(peerZid) === zid)
    if (device === undefined) throw new SottoError('not-found')
    await trust.setVerified(account, peer, { peerZid: device.peerZid, ...change(device) })
  }

  async #contact(id: ConversationId): Promise<Contact> {
    const peer = await this.#ports.peers.byConversation(id)
    const account = peer === null ? null : this.#ports.accountAor(peer.accountId)
    if (peer === null || account === null) throw new SottoError('not-found')
    return { account, peer: peer.aor }
  }
}

function viewOf({ peerZid, name, verified, updatedAt }: TrustedDevice): CallDeviceView {
  return { zid: toHex(peerZid), name, compared: verified, lastCallAt: updatedAt }
}
