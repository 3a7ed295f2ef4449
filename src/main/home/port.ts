import type { ErasedReply, ExportReply, HomePorts, InvitationReply, MeReply } from '#shared/home/api.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { SipTransport } from '#shared/model/views.ts'

/** Where a home server can be reached and how it proves to be the one. */
export interface HomeServerAddress {
  readonly domain: string
  readonly host: string
  /** Value for `SignallingAccount.server` per transport: a WebSocket URL or `host:port`. */
  readonly sip: Readonly<Record<SipTransport, string>>
  /** Value for `SignallingAccount.msrpRelay` per transport: an MSRP URI (RFC 4976 §5.1, RFC 7977). */
  readonly msrp: Readonly<Record<SipTransport, string>>
  /** `host:port` of the HTTPS interface. */
  readonly https: { readonly host: string; readonly port: number }
  /** For `TlsIdentity.spkiPins`. */
  readonly spkiPins: readonly string[]
}

/** A new account; the password was made on this device and exists nowhere else. */
export interface NewHomeAccount {
  readonly aor: Aor
  /** UTF-8 of 192 random bits in base64url; the caller wipes it once HA1 values or the key store have it. */
  readonly password: Uint8Array
  readonly ha1Sha256: string
  readonly server: HomeServerAddress
  /** Whether the server is the one of this computer, whose life this profile shares. */
  readonly local: boolean
}

/** Who asks for `/me`: the secrets of the account as the key store has them. */
export interface HomeCredentials {
  readonly user: string
  readonly domain: string
  readonly ha1Sha256: string
}

/**
 * The home server as the client controls it. Failures are `SottoError`s: `home-server-failed`, `address-taken`,
 * `address-invalid`, `invitation-invalid`, `server-unreachable`, `server-refused`, `wrong-password`.
 */
export interface HomeServerControl {
  /**
   * Finds the server of this computer or starts it, and keeps it alive until `release`. Idempotent; restarts it if it
   * dies while it is held.
   */
  hold(): Promise<HomeServerAddress>
  /** Lets go: the server ends a few seconds after the last profile did. */
  release(): void
  /** The server was started again and may have other ports. */
  onRestarted(handler: (address: HomeServerAddress) => void): () => void
  /** Signs up here (`invitation` null: the server is started if need be) or on the server of an invitation. */
  signUp(request: { readonly user: string; readonly invitation: string | null }): Promise<NewHomeAccount>
  /** The home server that answers there; null for anything else. @throws SottoError `server-unreachable`. */
  at(target: Pick<HomeServerAddress, 'https' | 'spkiPins'>): Promise<HomeServerAddress | null>
  /** Makes an invitation to the server of this computer; `lan` opens it to the local network, also at later starts. */
  invite(request: { readonly lan: boolean }): Promise<InvitationReply>
  /** What the server at `address` holds about an account. */
  me(address: Pick<HomeServerAddress, 'https' | 'spkiPins'>, credentials: HomeCredentials): HomeMe
}

/** `/me` of one account. */
export interface HomeMe {
  describe(): Promise<MeReply>
  export(): Promise<ExportReply>
  eraseMailbox(): Promise<ErasedReply>
  /** `next` holds HA1 of the new password; old phones are out until they are let in again. */
  changePassword(next: { readonly ha1Sha256: string }): Promise<void>
  /** Lets phones sign in that know MD5 alone, by HA1 of a password of their own; null: no more. Ends every connection. */
  letPhonesIn(ha1Md5: string | null): Promise<void>
  /** Closes the account; the reply counts what is left: zeros. */
  close(): Promise<ErasedReply>
}

/** Addresses of every listener of a server at `host`. */
export function homeServerAddress(
  host: string,
  server: { readonly domain: string; readonly ports: HomePorts; readonly spkiPins: readonly string[] },
): HomeServerAddress {
  const { ports } = server
  const at = (port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`
  return {
    domain: server.domain,
    host,
    sip: {
      wss: `wss://${at(ports.https)}/`,
      ws: `ws://${at(ports.ws)}/`,
      tls: at(ports.sipTls),
      tcp: at(ports.sipTcp),
      udp: at(ports.sipUdp),
    },
    msrp: {
      wss: `msrps://${at(ports.https)};ws`,
      ws: `msrp://${at(ports.ws)};ws`,
      tls: `msrps://${at(ports.msrpTls)};tcp`,
      tcp: `msrp://${at(ports.msrpTcp)};tcp`,
      udp: `msrp://${at(ports.msrpTcp)};tcp`,
    },
    https: { host, port: ports.https },
    spkiPins: server.spkiPins,
  }
}
