import { utf8 } from '#shared/bytes/bytes.ts'

/** What somebody finds who opens an export without Sotto. */
export const readmeBytes: Uint8Array = utf8(`This is a history exported by Sotto, format version 1.

entries/*.jsonl   one entry per line, as JSON: messages, edits, receipts, calls, names. Times are milliseconds since 1970-01-01 UTC.
attachments/*     the files of these messages; an entry names its file in "attachment".
manifest.json     what is in here, with the size and SHA-256 (base64url) of every part.
signatures.json   who vouches for the manifest: the device of each account, with the chain that makes it the account's.

Sotto reads it under Settings, Storage, Import. docs/export.md of Sotto's source describes every field.
`)
