declare const brand: unique symbol
/** A string that only its own constructor makes. */
export type Brand<T extends string> = string & { readonly [brand]: T }

/** Random 128-bit id, base64url without padding (22 characters). */
export type EntryId = Brand<'EntryId'>
/** Random 128-bit id of one account in one profile; never leaves the device. */
export type AccountId = Brand<'AccountId'>
/** Per-account device id: first 16 bytes of SHA-256 of the device's Ed25519 key, base64url. */
export type DeviceId = Brand<'DeviceId'>
/** SHA-256 over account AOR, NUL, peer AOR; first 16 bytes, base64url: the same on every device of a person. */
export type ConversationId = Brand<'ConversationId'>
/** The sender's id of a message (CPIM `imdn.Message-ID`, RFC 5438): unique per author only. */
export type MessageId = Brand<'MessageId'>
/** Id of one delivery job in the outbox, base64url. */
export type JobId = Brand<'JobId'>
/** Address-of-record without scheme parameters: `sip:user@domain`, scheme and domain in lower case (RFC 3261 §10.3). */
export type Aor = Brand<'Aor'>
/** Storage key of an attachment: SHA-256 of its ciphertext, base64url. */
export type AttachmentId = Brand<'AttachmentId'>
/** Random 128-bit id of a saved search, base64url: the same on every device of a person. */
export type SearchId = Brand<'SearchId'>
