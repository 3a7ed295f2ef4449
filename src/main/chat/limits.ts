/** Every bound of chat on one screen. */

/** A message's text, UTF-8 bytes. */
export const maxOutgoingTextBytes = 1_000_000
/** An incoming body; larger ones are refused with 413. */
export const maxIncomingBytes = 2_000_000
/** Unanswered messages kept of one stranger; more are refused until the user decides. */
export const maxPendingMessages = 50

/** A job that got nowhere for this long fails for good, ms. */
export const jobLifetimeMs = 7 * 86_400_000
/** First wait after a failed attempt, ms; doubles up to {@link maxRetryDelayMs}. */
export const firstRetryDelayMs = 2_000
export const maxRetryDelayMs = 600_000
/** Receipts and own copies start this much later: the message itself has the processor and the disk first, ms. */
export const courtesyMs = 80
/** Ended jobs that change nothing else leave the history together, this long after the first of them, ms. */
export const clearingMs = 150
/** Destinations that are sent to at the same time. */
export const maxParallelLanes = 32
/** Payload bytes kept in memory for jobs that were just made; others are read from the history when they run. */
export const maxKeptPayloadBytes = 16 * 1024 * 1024
/** Jobs loaded at start; the rest follows when these are done. */
export const maxLoadedJobs = 10_000

/** How long a message waits for the one its author sent before it, ms. */
export const holdBackMs = 2_000
/** How long it waits at most where that one is here and waits as well: below the sender's patience, ms. */
export const maxHoldBackMs = 10_000
/** A line that comes later than this after one it was written before stands where it came, ms. */
export const lateLineMs = 600_000
/** Lines remembered per author and conversation, and how many of those, to find the place of late ones. */
export const maxRecentLines = 64
export const maxLateAuthors = 256
/** Messages that wait at the same time; beyond it they are taken in the order of arrival. */
export const maxHeldBodies = 64

/** Silence after which composing has ended, and how often an active state is repeated (RFC 3994 §3.2), ms. */
export const typingTiming = { idleMs: 15_000, refreshMs: 60_000 } as const

/** The device is in use if its window had the focus this recently, ms. */
export const inUseMs = 300_000
/** Chat INVITEs that wait for the user at the same time. */
export const maxRingingSessions = 64
/** After this a peer known to take plain text only is offered CPIM again, ms. */
export const plainTextMemoryMs = 30 * 86_400_000
/** Messages looked at in one step when the user has read. */
export const readStep = 500
