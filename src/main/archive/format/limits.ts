/** Every bound of an export on one screen, in bytes unless the name says otherwise. */

/** A part with entries is closed when it is this long, or holds so many lines. */
export const fullPartBytes = 4 * 1024 * 1024
export const fullPartLines = 5000
/** One entry as a line; the longest text, every character escaped. */
export const maxLineBytes = 8 * 1024 * 1024
/** What a reader takes at most: it holds one part in memory. */
export const maxPartBytes = fullPartBytes + maxLineBytes
export const maxPartLines = 65_536
export const maxReadmeBytes = 65_536
export const maxManifestBytes = 64 * 1024 * 1024
export const maxSignaturesBytes = 4 * 1024 * 1024
export const maxParts = 500_000
export const maxAccounts = 256
/** Entries applied in one transaction. */
export const entriesPerCommit = 500
