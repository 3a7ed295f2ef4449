/**
 * The only file that knows the library's modules. It is used unmodified; what it takes from Math.random is replaced by
 * cryptographic randomness through its own exported functions (RFC 3261 §19.3), and the three globals of a browser that
 * it looks for are set to our session-description class.
 */
import JsSip from 'jssip'
import type { RandomPort } from '#shared/ports/random.ts'
import { SdpPeerConnection, type SdpPeerConnectionConfig } from './sdp-peer-connection.ts'

// Its log has whole messages, and DEBUG in the environment would turn it on.
JsSip.debug.disable()

type Handlers = Readonly<Record<string, (event: never) => void>>

/** What requests and responses of the library have in common. */
interface LibraryMessage {
  readonly body: string | null
  readonly call_id: string
  readonly from_tag: string
  readonly to_tag: string | null
  getHeader(name: string): string | undefined
  getHeaders(name: string): string[]
}

/** A response as the library hands it on. */
export interface LibraryResponse extends LibraryMessage {
  readonly status_code: number
  readonly reason_phrase: string
}

export interface LibraryRequest extends LibraryMessage {
  readonly method: string
  readonly cseq: number
  readonly from: { readonly display_name: string | null }
  /** Answers; only the first final status goes out. */
  reply(status: number): void
}

/** An INVITE with Replaces (RFC 3891) that may mean the session that tells of it; swapped tags count, too, for the library. */
export interface LibraryReplacement {
  readonly request: LibraryRequest & {
    readonly replaces: {
      readonly from_tag: string
      readonly to_tag: string
      readonly early_only?: boolean
    }
  }
  /** Announces a session of its own. */
  readonly accept: () => void
}

/** An INFO or a tone in one. */
export interface LibraryInfo {
  readonly originator: 'local' | 'remote'
  readonly info: { readonly contentType: string; readonly body: string | null }
}

export interface LibraryTone {
  readonly originator: 'local' | 'remote'
  readonly dtmf: { readonly tone: string; readonly duration: number }
}

interface InDialogOptions {
  readonly extraHeaders?: readonly string[]
  readonly body?: string
  readonly eventHandlers?: Handlers
}

export interface LibrarySession {
  readonly id: string
  readonly contact: string
  readonly status: number
  readonly C: { readonly STATUS_CONFIRMED: number }
  readonly remote_identity: { readonly uri: { toString(): string }; readonly display_name: string | null }
  answer(options: SessionOptions): void
  terminate(options?: {
    readonly status_code?: number
    readonly reason_phrase?: string
    readonly extraHeaders?: readonly string[]
  }): void
  isInProgress(): boolean
  isEnded(): boolean
  sendRequest(method: string, options?: InDialogOptions): LibraryRequest | undefined
  refer(target: string, options?: { readonly eventHandlers?: Handlers }): unknown
  on(event: string, handler: (event: never) => void): void
}

export interface SessionOptions {
  readonly mediaStream: object
  readonly pcConfig: SdpPeerConnectionConfig
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
