import type { RpcClient } from '#main/platform/worker-rpc/connect.ts'
import type { HistoryReaderPort } from './port.ts'

type Call = RpcClient<HistoryReaderPort, Record<string, never>>['call']

/** The reader behind any way to call its methods. */
export function readerOver(call: Call): HistoryReaderPort {
  return {
    conversations: () => call('conversations'),
    conversation: (id) => call('conversation', id),
    contacts: () => call('contacts'),
    page: (request) => call('page', request),
    message: (conversation, author, id) => call('message', conversation, author, id),
    lastReaction: (conversation, message, by) => call('lastReaction', conversation, message, by),
    unreadUpTo: (conversation, position, limit) => call('unreadUpTo', conversation, position, limit),
    search: (request) => call('search', request),
    dueJobs: (now, limit) => call('dueJobs', now, limit),
    jobsOf: (conversation, target) => call('jobsOf', conversation, target),
    savedSearches: () => call('savedSearches'),
    marks: (account, peer) => call('marks', account, peer),
    followingSettings: (account) => call('followingSettings', account),
    expired: (now, limit) => call('expired', now, limit),
    nextExpiry: () => call('nextExpiry'),
    overdue: (now, keepDays) => call('overdue', now, keepDays),
    droppedAttachments: () => call('droppedAttachments'),
    attachments: () => call('attachments'),
    attachmentsOf: (account) => call('attachmentsOf', account),
    attachmentOf: (conversation, author, id) => call('attachmentOf', conversation, author, id),
    setting: (key) => call('setting', key),
    holdings: () => call('holdings'),
    secret: (name) => call('secret', name),
    counts: () => call('counts'),
    archiveExtent: (scope) => call('archiveExtent', scope),
    archivePage: (request) => call('archivePage', request),
    previewImport: (entries) => call('previewImport', entries),
    archivedConversations: (scope) => call('archivedConversations', scope),
    transferPiece: (account, after) => call('transferPiece', account, after),
    zrtpPeer: (pair) => call('zrtpPeer', pair),
    zrtpVerifiedWith: (account, peer) => call('zrtpVerifiedWith', account, peer),
    zrtpDevices: (account, peer) => call('zrtpDevices', account, peer),
    zrtpContacts: (account) => call('zrtpContacts', account),
    callMemory: (account, peer) => call('callMemory', account, peer),
  }
}

/** Calls a reader on this thread; it is asked for with every call, since it may not be open. */
export function callOn(reader: () => HistoryReaderPort): Call {
  return (method, ...args) => {
    const opened = reader()
    return (opened[method] as (...given: typeof args) => Promise<never>).apply(opened, args)
  }
}
