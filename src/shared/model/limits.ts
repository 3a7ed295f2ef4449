/** Every bound of the history on one screen. Lengths of text are UTF-16 units unless the name says bytes. */

/** A whole encoded entry, bytes. */
export const maxEntryBytes = 4_200_000
/** Text of a message or an edit; the bridge has the same bound. */
export const maxTextLength = 1_000_000
/** CPIM Message-ID; longer ones are refused by the message layer. */
export const maxMessageIdLength = 256
/** Address-of-record. */
export const maxAorLength = 400
/** A contact's or a peer's name. */
export const maxNameLength = 200
/** The user's note on a contact. */
export const maxNoteLength = 2000
/** Name of a file, as its sender gave it. */
export const maxFileNameLength = 255
/** Media type of a file, as its sender gave it. */
export const maxMediaTypeLength = 200
/** Emoji that one person may answer a message with; the first ones count. */
export const maxReactions = 8
/** All emoji of one reaction, with the spaces between them. */
export const maxReactionLength = 400
/** A saved search, as JSON. */
export const maxSavedQueryLength = 4000
/** Saved searches of one account; further ones are refused. */
export const maxSavedSearches = 200
/** Keys of one peer that own devices may have compared; further marks are refused. */
export const maxMarks = 256
/** Longest time after which messages may disappear, seconds; longer claims are cut to it. */
export const maxExpirySeconds = 365 * 86_400
/** Fields of a map this version does not know. */
export const maxUnknownFields = 64

/** Different contents one author may put under one Message-ID before the later ones are dropped. */
export const maxVariants = 8
/** Edits and receipts looked at per message: the newest ones. */
export const maxChangesPerMessage = 256
/** Receipts of one peer kept for messages that are not here (yet): the newest ones. */
export const maxWaitingReceipts = 512
/** Devices of one contact whose ZRTP secrets are kept, and of all contacts of an account; compared ones always. */
export const maxZrtpDevices = 32
export const maxZrtpPeers = 2048
/** Unread messages are counted up to here; the screen shows more as “999+”. */
export const maxUnread = 1000
/** A change that touches more messages than this is announced as `bulk`. */
export const maxListedChanges = 200
/** Characters of a message shown as preview. */
export const previewLength = 140

/** The last time that a line can carry (RFC 3339 has years of four digits), ms. */
export const latestDateTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
