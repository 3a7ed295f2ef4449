/**
 * The only file that knows the library's modules. It is used unmodified; what it takes from Math.random is replaced by
 * cryptographic randomness through its own exported functions (RFC 3261 §19.3), and the three globals of a browser that
 * it looks for are set to our session-description class.
 */
import JsSip from 'jssip'
import type { RandomPort } from '#shared/ports/random.ts'
import { SdpPeerConnection } from './sdp-peer-connection.ts'
import type { SdpExchange } from './user-agent.ts'

type Handlers = Readonly<Record<string, (event: never) => void>>

/** A response as the library hands it on. */
export interface LibraryResponse {
  readonly status_code: number
}

export interface LibraryRequest {
  readonly body: string | null
  readonly call_id: string
  readonly from: { readonly display_name: string | null }
}

export interface LibrarySession {
  readonly id: string
  readonly remote_identity: { readonly uri: { toString(): string }; readonly display_name: string | null }
  answer(options: SessionOptions): void
  terminate(options?: { readonly status_code?: number }): void
  isEnded(): boolean
  on(event: string, handler: (event: never) => void): void
}

export interface SessionOptions {
  readonly mediaStream: object
  readonly pcConfig: { readonly exchange: SdpExchange }
  readonly sessionTimersExpires: number
  readonly extraHeaders?: readonly string[]
  readonly eventHandlers?: Handlers
}

/** The events of the library's Socket contract that a flow raises. */
export interface LibrarySocket {
  readonly url: string
  readonly via_transport: string
  readonly sip_uri: string
  connect(): void
  disconnect(): void
  send(text: string): boolean
  onconnect?: () => void
  ondisconnect?: (error: boolean, code: number, reason: string) => void
  ondata?: (text: string) => void
}

export interface LibraryAgent {
  start(): void
  stop(): void
  register(): void
  unregister(): void
  isRegistered(): boolean
  call(target: string, options: SessionOptions): LibrarySession
  sendMessage(
    target: string,
    body: string,
    options: { contentType: string; extraHeaders: readonly string[]; eventHandlers: Handlers },
  ): unknown
  on(event: string, handler: (event: never) => void): void
}

interface LibraryTokens {
  createRandomToken: (size: number, base?: number) => string
  newTag: () => string
  newUUID: () => string
}

interface Library {
  readonly UA: new (configuration: Readonly<Record<string, unknown>>) => LibraryAgent
  readonly Utils: LibraryTokens
  readonly debug: { disable(): void }
}

const library = JsSip as unknown as Library

/** Makes an agent of the library whose tokens come from `random`. */
export function newLibraryAgent(configuration: Readonly<Record<string, unknown>>, random: RandomPort): LibraryAgent {
  library.Utils.createRandomToken = (size) => randomToken(size, random)
  library.Utils.newTag = () => randomToken(16, random)
  Object.assign(globalThis, browserGlobals)
  // Its debug output holds whole messages, and an environment variable would switch it on.
  library.debug.disable()
  return new library.UA(configuration)
}

/** Lower-case base 32 as the library makes it, five random bits a character. */
function randomToken(size: number, random: RandomPort): string {
  let token = ''
  for (const byte of random.bytes(size)) token += (byte & 31).toString(32)
  return token
}

class SessionDescription {
  readonly type: string
  readonly sdp: string

  constructor(init: { readonly type: string; readonly sdp: string }) {
    this.type = init.type
    this.sdp = init.sdp
  }
}

const browserGlobals = {
  // Not an alias of globalThis: the library only asks whether the class is there.
  window: { RTCPeerConnection: SdpPeerConnection },
  RTCPeerConnection: SdpPeerConnection,
  RTCSessionDescription: SessionDescription,
}

/** Keeps the library from asking for a microphone: streams are not its business here. */
export const noMediaStream = { getTracks: () => [], getAudioTracks: () => [], getVideoTracks: () => [] }
