/** Wires the calls feature to history, accounts, screen and notifications. */
import { createHash } from 'node:crypto'
import { callMessageIdOf } from '#shared/model/derive-ids.ts'
import { cleanDisplayName } from '#shared/model/display-name.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { EntryFactory } from '#shared/model/entry-factory.ts'
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { ContactView } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { CallAccount as KeptAccount } from './accounts/call-account.ts'
import type { SignallingPort } from './accounts/signalling-port.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import { CallDevices } from './calls/call-devices.ts'
import { Calls } from './calls/calls.ts'
import type { ComparisonMarks } from './calls/comparison-marks.ts'
import { stillCounts } from './calls/plan.ts'
import type { CallAccount, CallPeer, CallPeersPort, CallRecord, CallTrustPort, RingPort } from './calls/ports.ts'
import { conversationOf } from './chat/context.ts'
import type { OpenHistory } from './history/open-history.ts'
import type { MediaPort, RelayServer } from './media/media-port.ts'
import type { SpooledCall } from './spool/spool-record.ts'

export interface CallsSessionPorts {
  readonly publisher: BridgePublisher
  readonly ring: RingPort
  readonly showWindow: () => void
  /** Where the revisions of the list of calls go on from. */
  readonly callRevision: () => number
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}

interface Parts {
  readonly history: OpenHistory
  readonly signalling: SignallingPort
  readonly accounts: Accounts
  readonly media: MediaPort
  readonly entries: EntryFactory
  readonly marks: ComparisonMarks
}

/** Makes the calls feature of a session. */
export function composeCalls(ports: CallsSessionPorts, parts: Parts): Calls {
  const { publisher, showWindow, clock, random, log, ring } = ports
  return new Calls({
    ...{ clock, random, log: log.child('calls'), ring, revision: ports.callRevision() },
    media: parts.media,
    signalling: parts.signalling,
    accounts: { byId: (id) => accountOf(parts.accounts.callAccount(id)) },
    peers: peersOf(parts),
    trust: trustOf(parts, clock),
    records: { add: (record) => addRecord(parts, record) },
    screen: {
      changed: (calls, revision) => publisher.publish('calls.changed', { calls, revision }),
      command: (command) => publisher.publish('media.command', command),
      showWindow,
    },
  })
}

/** Makes what the user sees of the devices of a contact. */
export function composeCallDevices(
  parts: Pick<Parts, 'history' | 'accounts' | 'marks'>,
  clock: ClockPort,
): CallDevices {
  return new CallDevices({
    accountAor: (id) => parts.accounts.callAccount(id)?.aor ?? null,
    peers: peersOf(parts),
    trust: trustOf(parts, clock),
  })
}

function accountOf(kept: KeptAccount | null): CallAccount | null {
  if (kept?.enabled !== true) return null
  const { id, aor, transport, callPolicy, hideAddress, relay } = kept
  return { id, aor, transport, callPolicy, hideAddress, relay: relay === null ? null : relayServerOf(relay) }
}

/** Null while the relay has no password. */
function relayServerOf({ server, username, password }: NonNullable<KeptAccount['relay']>): RelayServer | null {
  const colon = server.lastIndexOf(':')
  const host = server.slice(0, colon).replace(/^\[|\]$/g, '')
  return password === '' ? null : { host, port: Number(server.slice(colon + 1)), username, password }
}

function peersOf({ history, accounts }: Pick<Parts, 'history' | 'accounts'>): CallPeersPort {
  const contactOf = async (accountId: AccountId, aor: Aor): Promise<ContactView | null> => {
    const contacts = await history.reader.contacts()
    return contacts.find((contact) => contact.accountId === accountId && contact.aor === aor) ?? null
  }
  const peer = async (
    accountId: AccountId,
    conversationId: ConversationId,
    aor: Aor,
    given: string,
  ): Promise<CallPeer> => {
    const [contact, view] = await Promise.all([contactOf(accountId, aor), history.reader.conversation(conversationId)])
    const name = view?.name ?? (cleanDisplayName(given) || displayAor(aor))
    const { policy = 'none', muted = false } = view ?? {}
    return { accountId, conversationId, aor, name, policy, callPolicy: contact?.callPolicy ?? null, muted }
  }
  return {
    byConversation: async (id) => {
      const view = await history.reader.conversation(id)
      return view === null ? null : peer(view.accountId, id, view.peer, '')
    },
    byAor: (accountId, aor, displayName) => {
      const own = accounts.callAccount(accountId)?.aor ?? aor
      return peer(accountId, conversationOf(own, aor), aor, displayName)
    },
  }
}

function trustOf(
  { history: { reader, writer }, marks }: Pick<Parts, 'history' | 'marks'>,
  clock: ClockPort,
): CallTrustPort {
  return {
    zid: (account) => writer.zrtpZid(account),
    secrets: async (account, peer, peerZid) =>
      reader.zrtpPeer({ ownZid: await writer.zrtpZid(account), peerZid, peer, now: clock.now() }),
    keep: async (account, peer, { peerZid, rs1, rs2, verified }) => {
      const ownZid = await writer.zrtpZid(account)
      await writer.keepZrtpSecrets({ account, ownZid, peerZid, peer, rs1, rs2, verified, expiresAt: null })
      await marks.tell(account, peer)
    },
    setVerified: async (account, peer, { peerZid, verified, name }) => {
      const ownZid = await writer.zrtpZid(account)
      await writer.setZrtpVerified({ ownZid, peerZid, peer, verified, name })
      await marks.tell(account, peer)
    },
    devices: (account, peer) => reader.zrtpDevices(account, peer),
    isVerified: async (account, peer) =>
      (await reader.zrtpVerifiedWith(account, peer)) || (await marks.elsewhere(account, peer)).length > 0,
    comparedElsewhere: (account, peer) => marks.elsewhere(account, peer),
    lastKeys: async (account, peer) => {
      const memory = await reader.callMemory(account, peer)
      return memory !== null && stillCounts(memory.learnedAt, clock.now()) ? memory.keys : null
    },
    rememberKeys: (account, peer, keys) => writer.rememberCallKeys({ account, peer, keys }),
  }
}

/** The line of a call in its conversation; a stranger's makes a conversation that waits for an answer. */
async function addRecord(
  { history, accounts, entries }: Pick<Parts, 'history' | 'accounts' | 'entries'>,
  made: CallRecord,
): Promise<void> {
  const { sipCallId, peer, direction, startedAt: sentAt, record } = made
  const account = accounts.callAccount(peer.accountId)
  if (account === null) return
  const { aor, deviceId: device } = account
  const { conversationId: conversation, aor: other } = peer
  const own = { account: aor, device, authenticatedBy: 'own-device', verified: true } as const
  // Who called is known from the server alone.
  const origin = direction === 'outgoing' ? own : ({ ...own, authenticatedBy: 'server', verified: false } as const)
  const author = direction === 'outgoing' ? aor : other
  const messageId = callMessageIdOf((bytes) => createHash('sha256').update(bytes).digest(), sipCallId)
  const line = entries.make(origin, { kind: 'call', conversation, peer: other, author, messageId, sentAt, ...record })
  const policy = direction === 'outgoing' ? 'accepted' : 'pending'
  const isNew = peer.policy === 'none' || (peer.policy === 'pending' && policy === 'accepted')
  const contact = entries.make(own, { kind: 'contact', conversation, peer: other, policy })
  await history.writer.commit({ entries: isNew ? [contact, line] : [line] })
}

/** The line of a call that rang while Sotto was locked. */
export async function addSpooledCall(
  parts: Pick<Parts, 'history' | 'accounts' | 'entries'>,
  call: SpooledCall,
): Promise<void> {
  const { accountId, from, fromName, sipCallId, at, outcome, video } = call
  // Its account is gone, and everything about it with it.
  if (parts.accounts.callAccount(accountId) === null) return
  const peer = await peersOf(parts).byAor(accountId, from, fromName)
  const record = { outcome, video, durationMs: 0, readers: 'securing' } as const
  await addRecord(parts, { sipCallId, peer, direction: 'incoming', startedAt: at, record })
}
