import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

/** Names and addresses of this computer that mean the server: for certificates, `Host` checks and SIP aliases. */
export interface HostNames {
  /** In order of use; the first is the domain. */
  readonly all: readonly string[]
  /** Address other computers of the local network reach, or null. */
  readonly lanAddress: string | null
}

const loopback = ['localhost', '127.0.0.1', '::1']

/** What the server may be called: loopback only, or with the addresses of the local network. */
export function hostNamesFor(domain: string, options: { readonly lan: boolean; readonly host: string }): HostNames {
  const lanAddresses = options.lan ? outwardAddresses() : []
  const own = hostname().toLowerCase()
  const named = options.lan && /^[a-z0-9-]{1,63}$/.test(own) ? [own, `${own}.local`] : []
  const bound = isUnspecified(options.host) ? [] : [options.host]
  return {
    all: [...new Set([domain, ...loopback, ...bound, ...named, ...lanAddresses])],
    lanAddress: lanAddresses.find((address) => isIP(address) === 4) ?? lanAddresses[0] ?? null,
  }
}

/** Whether an address stands for all of this computer's. */
export function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** Whether only this computer can reach an address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}

function outwardAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
}
