/** What an old device hands to a new one: canonical CBOR inside a sealed message, never stored as it is. */
import { z } from 'zod'
import { callPolicy } from '#shared/bridge/call-rows.ts'
import { bytesOf, bytesUpTo, spkiPin } from '#shared/bytes/schemas.ts'
import { slotIdBytes } from '#shared/linking/slot-id.ts'
import { maxLinkBytes } from '#shared/model/device-link.ts'

const text = z.string().max(400)
const pins = z.array(spkiPin).max(16)
const ha1 = z
  .string()
  .regex(/^[0-9a-f]{32,64}$/)
  .nullable()
export const maxParcelLinks = 8_192

/** An account as it signs in. The device's own things are not in it: its id in this profile, its SIP instance, whether it is switched on. */
const account = z.object({
  aor: text,
  displayName: z.string().max(80),
  transport: z.enum(['wss', 'ws', 'tls', 'tcp', 'udp']),
  server: text.nullable(),
  msrpRelay: text.nullable(),
  username: text,
  realm: text.nullable(),
  ha1Md5: ha1,
  ha1Sha256: ha1,
  strongest: z.enum(['MD5', 'SHA-256']).nullable(),
  extraAuthorities: z.array(z.string().max(65_536)).max(16),
  spkiPins: pins,
  /** On the home server of the old device's computer. */
  local: z.boolean(),
  sendReceipts: z.boolean(),
  sendTyping: z.boolean(),
  callPolicy,
  hideAddress: z.enum(['strangers', 'everyone', 'nobody']),
  relay: z.object({ server: text, username: text, password: text }).nullable(),
  passwordEpoch: z.number().int().min(0),
})

export const parcelSchema = z.object({
  kind: z.literal('parcel'),
  /** SHA-256 of link 0's body: the person. */
  identity: bytesOf(32),
  /** All links of the chain, the new device's `add` among them. */
  links: z.array(bytesUpTo(2 * maxLinkBytes)).max(maxParcelLinks),
  /** Branches that the person picked at forks, by the hash of their first link. */
  picked: z.array(z.string().max(64)).max(64),
  /** Opens the names of devices in the chain. */
  namesKey: bytesOf(32),
  account,
  /** Where the history is replicated; null where it is not. */
  replica: z
    .object({ host: z.string().max(253), port: z.number().int().min(1).max(65_535), spkiPins: pins })
    .nullable(),
  /** What of the settings follows the person: values as JSON, by name. */
  settings: z.record(z.string().max(100), z.string().max(65_536)),
  /** The slot in which the whole history follows, and its key; null where the person wants none of it. */
  transfer: z.object({ slot: bytesOf(slotIdBytes), key: bytesOf(32) }).nullable(),
})
/** What a new device gets. */
export type LinkParcel = Omit<z.output<typeof parcelSchema>, 'kind'>
/** One account in it. */
export type ParcelAccount = LinkParcel['account']
