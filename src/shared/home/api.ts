/**
 * What the home server and its clients say to each other outside SIP and MSRP: the endpoint file, the lease on the
 * control socket, and the HTTPS requests. Both sides parse with these schemas.
 */
import { z } from 'zod'
import { spkiPin } from '../bytes/schemas.ts'

/** Name of the file in the server's data directory that says where it listens; mode 0600. */
export const endpointFileName = 'endpoint.json'
/** Name of the file with the token that local sign-up and invitations need; mode 0600. */
export const signUpTokenFileName = 'signup-token'
/** Above every domain that stays in a home network (RFC 8375). */
export const homeNetworks = 'home.arpa'
/** Domain of a home server unless told otherwise */
export const defaultHomeDomain = `sotto.${homeNetworks}`
/** User part of the contact of every home server that sends back what it hears. */
export const echoUser = 'echo'

const port = z.number().int().min(1).max(65_535)

/** Where each listener is. `https` also carries WSS, `ws` plain WebSockets; subprotocol `sip` or `msrp` chooses. */
export const homePorts = z.object({
  https: port,
  ws: port,
  sipTcp: port,
  sipUdp: port,
  sipTls: port,
  msrpTcp: port,
  msrpTls: port,
})
export type HomePorts = z.infer<typeof homePorts>

/** Contents of the endpoint file. */
export const homeEndpoint = z.object({
  version: z.literal(1),
  pid: z.number().int().positive(),
  domain: z.string().min(1).max(253),
  /** Address that local clients connect to. */
  host: z.string().min(1).max(253),
  ports: homePorts,
  /** SHA-256 of the certificate's SubjectPublicKeyInfo, base64. */
  spkiPin,
  /** Path of the control socket (or named pipe) and the secret its first line must show. */
  controlPath: z.string().min(1).max(1024),
  controlSecret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** True when the TLS listeners can be reached from the local network. */
  lan: z.boolean(),
})
export type HomeEndpoint = z.infer<typeof homeEndpoint>

/** First line on the control socket, from the client. */
export const controlHello = z.object({ secret: z.string().max(100), want: z.literal('lease') })
/** The server's answer; the lease lasts as long as the connection. */
export const controlGranted = z.object({ lease: z.literal('granted') })

const ha1Md5 = z.string().regex(/^[0-9a-f]{32}$/)
const ha1Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** User names of a home server: they become the user part of an address without escapes. */
export const homeUserPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/
export const homeUser = z.string().regex(homeUserPattern)

/** `POST /sign-up`: the password never travels, only what digest needs of it. */
export const signUpRequest = z.object({
  user: homeUser,
  ha1Sha256,
  /** One of the two: content of the token file, or the code of an invitation; base64url. */
  token: z.string().max(100).optional(),
  invitation: z.string().max(100).optional(),
})
export type SignUpRequest = z.infer<typeof signUpRequest>

/** Reply to `GET /domain` and to a successful sign-up. */
export const domainReply = z.object({ domain: z.string().min(1).max(253), ports: homePorts })
export type DomainReply = z.infer<typeof domainReply>

/** `POST /invitations` (with the token in `authorization: Sotto-Token …`). */
export const invitationRequest = z.object({
  /** Open the TLS listeners to the local network, now and at later starts. */
  lan: z.boolean(),
})
export const invitationReply = z.object({ invitation: z.string().max(600), expiresAt: z.number() })
export type InvitationReply = z.infer<typeof invitationReply>

/** `PUT /me/password`; old phones are out until they are let in again. */
export const passwordRequest = z.object({ ha1Sha256 })

/** `PUT /replica/sign-in`: with the epoch that the password goes with, by which an older request takes no newer password away. */
export const signInRequest = passwordRequest.extend({ epoch: z.number().int().min(0).max(0xffff_ffff) })

/** `PUT /me/phones`: lets phones sign in that know MD5 alone, with a password of their own; null: no more. */
export const phonesRequest = z.object({ ha1Md5: ha1Md5.nullable() })

/** What the replica of a server holds of an account: how much, not what is in it. */
export const replicaHolding = z.object({
  /** Of the list of devices. */
  links: z.number(),
  /** Sealed keys. */
  boxes: z.number(),
  devices: z.array(z.object({ device: z.string(), written: z.number(), lastDay: z.string() })),
  batches: z.number(),
  bytes: z.number(),
  oldestDay: z.string().nullable(),
  /** Somebody with the password alone asked that all of it is erased: when, and when that happens unless a device says no, ms since 1970. */
  erasure: z.object({ askedAt: z.number(), dueAt: z.number() }).nullable().default(null),
})
export type ReplicaHolding = z.infer<typeof replicaHolding>

/** `GET /me`: everything the server holds about the user, by table and column. */
export const meReply = z.object({
  account: z.object({
    user: z.string(),
    domain: z.string(),
    createdDay: z.string(),
    holdsHa1: z.array(z.string()),
    /** Epoch that the password goes with; 0 = no device gave one. A server of before does not say. */
    passwordEpoch: z.number().default(0),
  }),
  devices: z.array(z.object({ instance: z.string(), lastSeenDay: z.string(), waiting: z.number() })),
  mailbox: z.object({ messages: z.number(), bytes: z.number() }),
  sentWaiting: z.object({ messages: z.number(), bytes: z.number() }),
  bindings: z.array(z.object({ instance: z.string(), contact: z.string(), expiresAt: z.number() })),
  /** Devices that called the echo contact, by their ZRTP number; a server of before keeps none. */
  echoDevices: z.array(z.object({ zid: z.string(), lastCallDay: z.string() })).default([]),
  /** A server of before has none. */
  replica: replicaHolding.default({
    links: 0,
    boxes: 0,
    devices: [],
    batches: 0,
    bytes: 0,
    oldestDay: null,
    erasure: null,
  }),
})
export type MeReply = z.infer<typeof meReply>

/** `GET /me/export`: {@link meReply} and the messages themselves. */
export const exportReply = meReply.extend({
  messages: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      storedAt: z.number(),
      callId: z.string(),
      headers: z.array(z.object({ name: z.string(), value: z.string() })),
      bodyBase64: z.string(),
      waitsFor: z.array(z.string()),
    }),
  ),
})
export type ExportReply = z.infer<typeof exportReply>

/** `DELETE /me` and `DELETE /me/mailbox`: what is left, counted again after the deletion. */
export const erasedReply = z.object({
  accounts: z.number(),
  devices: z.number(),
  messages: z.number(),
  bindings: z.number(),
  echoDevices: z.number().default(0),
  /** Links, boxes and batches of the replica. */
  replica: z.number().default(0),
})
export type ErasedReply = z.infer<typeof erasedReply>

/** Why the server says no; HTTP status beside it. */
export const problemCodes = [
  'bad-request',
  'browser-refused',
  'host-refused',
  'unauthorized',
  'token-wrong',
  'invitation-invalid',
  'address-taken',
  'address-reserved',
  'history-sealed',
  'too-many',
  'not-found',
  'internal',
] as const
export const problemReply = z.object({ problem: z.enum(problemCodes) })
export type ProblemCode = (typeof problemCodes)[number]
