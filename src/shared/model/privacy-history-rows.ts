import type { PrivacyTableRow } from './privacy-table.ts'

const you = 'You, on this device, after unlocking'
const accountErase = 'Remove the account (Settings → Accounts): everything about it goes from this device'
const forever = 'Until you delete it'

const columns = (table: string, ...names: readonly string[]): readonly string[] =>
  names.map((name) => `history.${table}.${name}`)

/** What a profile holds on this device: the encrypted history and the files around it. */
export const historyPrivacyRows: readonly PrivacyTableRow[] = [
  {
    datum: 'Messages you sent and received: text, times, author, state, way they travelled',
    where: 'This device, history.db (encrypted), tables message and entry',
    why: 'To show and search your conversations',
    howLong: 'Until you delete it, or as long as you set: for the conversation, in Settings, or until it disappears',
    whoReads: you,
    howToErase: 'Delete the message: text, earlier edits and search words go at once; or remove the account',
    covers: [
      ...columns('message', 'position', 'base', 'conversation', 'author', 'message_id', 'variant', 'incoming', 'text'),
      ...columns('message', 'sent_at', 'received_at', 'state', 'failure', 'path', 'display_receipt', 'edited'),
      ...columns('message', 'deleted', 'conflicting', 'authenticated_by', 'read_mark', 'bookmarked'),
      ...columns('message', 'timer', 'expires_after', 'expires_at'),
      ...columns('entry_unread', 'seq'),
      ...columns('message_unindexed', 'position'),
      ...columns('entry', 'seq', 'id', 'account', 'conversation', 'kind', 'author', 'subject', 'bytes'),
    ],
  },
  {
    datum:
      'Calls: with whom, when, who called, how it ended, how long, pictures or not, who could read it; never what was said',
    where: 'This device, history.db (encrypted), tables message and entry',
    why: 'To show them in the conversation, and to count the ones you missed',
    howLong: forever,
    whoReads: you,
    howToErase: 'Delete the call: its rows go at once; or remove the account',
    covers: columns('message', 'quiet', 'call_outcome', 'call_video', 'call_duration', 'call_readers'),
  },
  {
    datum: 'Reactions: which emoji you and the other side answered a message with',
    where: 'This device, history.db (encrypted), tables reaction and entry',
    why: 'To show them under the message',
    howLong: 'Until they are taken back or replaced, and at most as long as the message',
    whoReads: you,
    howToErase: 'Take your own back, or delete the message: they go at once',
    covers: columns('reaction', 'position', 'author', 'emojis'),
  },
  {
    datum: 'Files you sent and received: name, kind, size, which attachment, and its key',
    where: 'This device, history.db (encrypted), tables message, entry and attachment',
    why: 'To show the file in the conversation, and to open it again',
    howLong: 'As long as the message',
    whoReads: you,
    howToErase: 'Delete the message: its key goes at once, its bytes right after',
    covers: [
      ...columns('message', 'file_name', 'file_type', 'file_size', 'attachment'),
      ...columns('attachment', 'id', 'entry', 'size'),
      ...columns('dropped_attachment', 'id'),
    ],
  },
  {
    datum: 'Searches you keep: name, words, people and dates',
    where: 'This device, history.db (encrypted), tables saved_search and entry',
    why: 'To search the same again',
    howLong: forever,
    whoReads: you,
    howToErase: `Remove the search; ${accountErase.toLowerCase()}`,
    covers: columns('saved_search', 'id', 'account', 'name', 'query'),
  },
  {
    datum:
      'Devices you had calls with under ZRTP: number of the device, address, secrets for the next call, whether you compared, name you gave',
    where:
      'This device, history.db (encrypted), tables zrtp_zid and zrtp_peer; never copied to another device, never exported',
    why: 'So that the next call proves it is the same device, without comparing again',
    howLong: 'Secrets as long as both devices agreed; the rest until you remove the account',
    whoReads: you,
    howToErase: `A comparison or a name: on the contact card. All of it: delete the conversation. ${accountErase}`,
    covers: [
      ...columns('zrtp_zid', 'account', 'zid'),
      ...columns('zrtp_peer', 'own_zid', 'peer_zid', 'account', 'peer', 'rs1', 'rs2', 'verified', 'name'),
      ...columns('zrtp_peer', 'updated_at', 'expires_at'),
    ],
  },
  {
    datum: 'Which kind of keys last worked in a call with whom, and when that was found out',
    where: 'This device, history.db (encrypted), table call_memory; never copied to another device',
    why: 'So that the next call is not refused first',
    howLong: 'Until the next call, or until you remove the account',
    whoReads: you,
    howToErase: `Delete the conversation. ${accountErase}`,
    covers: columns('call_memory', 'account', 'peer', 'keys', 'learned_at'),
  },
  {
    datum: 'Words of your messages, for search',
    where: 'This device, history.db (encrypted), index message_text',
    why: 'To find a message without reading them all',
    howLong: 'As long as the message',
    whoReads: you,
    howToErase: 'Goes with the message, in the same step',
    covers: columns('message_text', 'body'),
  },
  {
    datum:
      'Conversations and contacts: address, name you gave, name they send, note, accepted or blocked, muted, pinned, put away, what calls may use, how long messages stay, unread count',
    where: 'This device, history.db (encrypted), table conversation',
    why: 'To list your conversations and contacts',
    howLong: forever,
    whoReads: you,
    howToErase: `Empty name and note on the contact card; ${accountErase.toLowerCase()}`,
    covers: columns(
      'conversation',
      ...['ref', 'id', 'account', 'peer', 'name', 'peer_name', 'note', 'policy', 'muted', 'added_at', 'call_policy'],
      ...['total', 'unread', 'read_position', 'last_position', 'read_floor', 'pinned', 'archived_base', 'keep_days'],
      ...['own_timer', 'own_timer_base', 'peer_timer', 'peer_timer_base'],
    ),
  },
  {
    datum: 'Drafts you have not sent',
    where: 'This device, history.db (encrypted), table conversation',
    why: 'So that they survive a restart',
    howLong: 'Until you send or empty them',
    whoReads: you,
    howToErase: 'Empty the message box',
    covers: columns('conversation', 'draft', 'draft_at'),
  },
  {
    datum: 'Messages, edits, deletions, reactions and receipts still to be delivered, with recipient and exact bytes',
    where: 'This device, history.db (encrypted), table job',
    why: 'To deliver them when the network is back',
    howLong: 'Until delivered or clearly failed',
    whoReads: you,
    howToErase: 'Delete the message, or remove the account',
    covers: columns(
      'job',
      ...['id', 'account_id', 'kind', 'conversation', 'destination', 'message_id', 'target', 'content_type', 'payload'],
      ...['path', 'created_at', 'attempts', 'next_attempt_at', 'expires_at'],
    ),
  },
  {
    datum:
      'Accounts, their digest secrets, relay with its password and certificates you trust; who takes plain text only; your settings',
    where: 'This device, history.db (encrypted), tables account and setting',
    why: 'To sign in, and to work as you set it; the digest secrets also stay in memory while Sotto is locked',
    howLong: 'Until you remove the account or change the setting',
    whoReads: you,
    howToErase: accountErase,
    covers: [...columns('account', 'aor', 'id'), ...columns('setting', 'key', 'value')],
  },
  {
    datum:
      'Secret keys: those of this device for each account, the paper secret until you confirmed it, the key that opens what came in while Sotto was locked',
    where: 'This device, history.db (encrypted), table secret; never copied to another device, never exported',
    why: 'To prove which device this is, and to read what came in while Sotto was locked',
    howLong: 'Until you remove the account; the last one until the next unlock',
    whoReads: you,
    howToErase: accountErase,
    covers: columns('secret', 'name', 'value'),
  },
  {
    datum:
      'Messages and calls that come in while Sotto is locked, each sealed to a key that only the closed history holds',
    where: 'This device, folder spool of the profile; how many there are and how large can be seen there',
    why: 'So that nothing is lost while Sotto is locked',
    howLong: 'Until you unlock: they go into the history then, or are found damaged, which you are told',
    whoReads: 'Nobody before you unlock',
    howToErase: 'Unlock, then delete the messages; or delete the folder of the profile',
    covers: ['profile.file.spool'],
  },
  {
    datum: 'Counters of the history: number of the last change, version of the search index',
    where: 'This device, history.db (encrypted), table state',
    why: 'So that the screen notices what it missed',
    howLong: 'As long as the profile',
    whoReads: you,
    howToErase: 'Erase everything (Settings → Your data)',
    covers: columns('state', 'name', 'value'),
  },
  {
    datum: 'Size of the history and times of its last changes, as file sizes and times',
    where: 'This device, files history.db, history.db-wal, history.db-shm of the profile',
    why: 'Every file has them; the content is encrypted',
    howLong: 'As long as the profile',
    whoReads: 'You, and who can read your files; the content only with your key',
    howToErase: 'Erase everything (Settings → Your data)',
    covers: ['profile.file.history.db', 'profile.file.history.db-wal', 'profile.file.history.db-shm'],
  },
  {
    datum: 'The key of the history, wrapped once per way to unlock; which ways there are; number of paper secrets',
    where:
      'This device, file keys.json of the profile; where the operating system has a keychain, a key of its own there',
    why: 'To open the history with keychain, passphrase or paper secret',
    howLong: 'As long as the profile',
    whoReads: 'Nobody without the keychain, the passphrase or the paper secret',
    howToErase:
      'Erase everything (Settings → Your data): this file goes first, and without it the history can never be read again',
    covers: ['profile.file.keys.json'],
  },
  {
    datum: 'Attachments, each encrypted under a key of its own',
    where: 'This device, folder attachments of the profile',
    why: 'To show files and pictures again',
    howLong: 'As long as the message they belong to',
    whoReads: you,
    howToErase: 'Delete the message',
    covers: ['profile.file.attachments'],
  },
  {
    datum: 'That everything is being erased: an empty file',
    where: 'This device, file erasing of the profile',
    why: 'So that a start after a crash finishes it, and never opens what is half gone',
    howLong: 'Until everything is erased',
    whoReads: 'Nothing to read',
    howToErase: 'Goes by itself',
    covers: ['profile.file.erasing'],
  },
  {
    datum: 'That a program has the profile open: an empty file, and a socket on which a second start says so',
    where: 'This device, files profile.lock and instance.sock of the profile',
    why: 'So that two programs never write one history, and a second start shows the window that is there',
    howLong: 'Lock: as long as the profile; socket: while Sotto runs',
    whoReads: 'Nothing to read',
    howToErase: 'Delete the folder of the profile',
    covers: ['profile.file.profile.lock', 'profile.file.instance.sock'],
  },
  {
    datum: 'A secret that only your operating system’s keychain opens, if you chose the keychain',
    where: 'This device, file keychain-….sealed of the profile',
    why: 'To open the history without asking for a passphrase',
    howLong: 'Until you choose another way to unlock',
    whoReads: 'Nobody without your keychain',
    howToErase: 'Switch the keychain off (Settings → Storage and keys), or delete the folder of the profile',
    covers: ['profile.file.keychain-*.sealed'],
  },
  {
    datum: 'Log of warnings and errors: kind, numbers, status codes; never a name, address, message or key',
    where: 'This device, files sotto.log and sotto.log.1 of the profile, about two megabytes',
    why: 'To find faults; it is sent to nobody',
    howLong: 'Until newer lines push it out',
    whoReads: 'You, and who can read your files',
    howToErase: 'Delete the file',
    covers: ['profile.file.sotto.log', 'profile.file.sotto.log.1'],
  },
  {
    datum:
      'Chromium’s own profile, where Sotto runs on the system’s Chromium: window state and caches, nothing of yours',
    where:
      'This device, a folder in memory (or in the temporary folder where there is none), readable by its owner only',
    why: 'Chromium does not start without one; it is a fresh one each time',
    howLong: 'While Sotto runs',
    whoReads: 'You',
    howToErase: 'Quit Sotto',
    covers: ['host.folder.sotto-chromium-*'],
  },
  {
    datum: 'Exports you made: what they hold is the same as above, without keys, passwords and settings',
    where: 'The file or folder you chose; never sent anywhere by Sotto',
    why: 'Because you asked for it',
    howLong: 'Until you delete the file',
    whoReads: 'Whoever has your passphrase or key; of a readable export, whoever has the folder',
    howToErase: 'Delete the file or folder; copies in backups are beyond Sotto',
    covers: ['export.file'],
  },
]
