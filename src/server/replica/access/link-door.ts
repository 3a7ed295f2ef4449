import type { AccountChains } from './account-chains.ts'
import type { ChainStore } from './chain-store.ts'
import type { AccessCrypto } from './crypto.ts'
import type { AccessLimits } from './limits.ts'
import { placeLink, type OfferedLink, type PlaceRefusal } from './place-link.ts'
import type { AcceptedRequest } from './request-gate.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** `repeated`: it was stored before. */
export type LinkAnswer = 'stored' | 'repeated'

export interface LinkDoorPorts {
  readonly store: Pick<ChainStore, 'append'>
  readonly chains: AccountChains
  readonly crypto: AccessCrypto
  readonly limits: Pick<AccessLimits, 'links' | 'linksForPaper' | 'forkedLinks'>
}

/** Adds links to a chain that is there: those that hold at their place, and no others. */
export class LinkDoor {
  readonly #ports: LinkDoorPorts

  constructor(ports: LinkDoorPorts) {
    this.#ports = ports
  }

  /** @throws for a request that is for something else. */
  async add({ account, use }: AcceptedRequest, offered: OfferedLink): Promise<Result<LinkAnswer, PlaceRefusal>> {
    if (use !== 'links') throw new Error('broken invariant: links are added by requests for links')
    const { store, chains, crypto, limits } = this.#ports
    const chain = await chains.read(account)
    if (chain === null) return err('wrong-previous')
    const placed = placeLink(chain, offered, { account, crypto, limits })
    if (!placed.ok) return placed
    if (placed.value === null) return ok('repeated')
    const link = { hash: placed.value, bytes: offered.bytes }
    // Somebody was faster: what they added is to be read first.
    return (await store.append(account, link, chain.mark)) ? ok('stored') : err('head-moved')
  }
}
