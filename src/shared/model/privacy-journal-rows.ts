import type { PrivacyTableRow } from './privacy-table.ts'

const you = 'You, on this device, after unlocking'
const switchOff =
  'Switch replication off, or remove the account (Settings → Accounts): everything about it goes from this device'
const inHistory = (tables: string) => `This device, history.db (encrypted), ${tables}`

const columns = (table: string, ...names: readonly string[]): readonly string[] =>
  names.map((name) => `history.${table}.${name}`)

/** What a profile holds of accounts that are replicated. */
export const journalPrivacyRows: readonly PrivacyTableRow[] = [
  {
    datum:
      'Of accounts that are replicated: your devices, how far each has written and was read, hashes to compare with',
    where: inHistory('tables replica, replica_device and replica_hash'),
    why: 'To go on where it was, and to notice a server that holds something back',
    howLong: 'Hashes 67 days; the rest until you switch replication off',
    whoReads: you,
    howToErase: switchOff,
    covers: [
      ...columns('replica', 'ref', 'account', 'own_device', 'own_seq', 'own_hash', 'own_at', 'confirmed'),
      ...columns('replica', 'snapshot_since', 'snapshot_first', 'snapshot_next', 'snapshot_end'),
      ...columns('replica', 'transfer_token', 'transfer_state'),
      ...columns('replica_device', 'ref', 'replica', 'id', 'seq', 'hash', 'at'),
      ...columns('replica_device', 'claimed_seq', 'claimed_hash', 'claimed_at'),
      ...columns('replica_hash', 'device', 'seq', 'hash', 'kept_at'),
    ],
  },
  {
    datum: 'What this device sealed for your other devices, as it went to the server, and what waits to be sealed',
    where: inHistory('tables replica_sealed and replica_unsealed'),
    why: 'To give it again to a server that lost it',
    howLong: '60 days; what you delete is taken out at once, or as soon as the server has it',
    whoReads: you,
    howToErase: switchOff,
    covers: [
      ...columns('replica_sealed', 'replica', 'first', 'last', 'hash', 'at', 'cursor', 'kept_at', 'bytes'),
      ...columns('replica_unsealed', 'id', 'replica', 'entry'),
      ...columns('sqlite_sequence', 'name', 'seq'),
    ],
  },
  {
    datum: 'Which message lies where at the server, and what was erased there, by number and hash',
    where: inHistory('tables replica_envelope and replica_tombstone'),
    why: 'So that what you delete is deleted there too, and does not come back',
    howLong: '67 days',
    whoReads: you,
    howToErase: switchOff,
    covers: [
      ...columns('replica_envelope', 'device', 'seq', 'body_hash', 'kept_at', 'entry'),
      ...columns('replica_tombstone', 'device', 'seq', 'body_hash', 'kept_at', 'sent'),
    ],
  },
  {
    datum:
      'What came from your other devices and could not be opened or read, what is missing, and what a server did wrong',
    where: inHistory('tables replica_unopened, replica_missing and replica_fault'),
    why: 'To open it when the key comes, and to tell you',
    howLong: 'Until it is opened or explained; faults until you switch replication off',
    whoReads: you,
    howToErase: switchOff,
    covers: [
      ...columns('replica_unopened', 'device', 'seq', 'body_hash', 'header', 'content'),
      ...columns('replica_missing', 'device', 'seq', 'body_hash', 'at'),
      ...columns('replica_fault', 'replica', 'name', 'fault'),
    ],
  },
  {
    datum: 'Files that another of your devices has and this one is to fetch, or that the server is to erase: which',
    where: inHistory('table replica_blob'),
    why: 'So that you have your files on every device, and none that you deleted stays at the server',
    howLong: 'Until it is done; 67 days at most',
    whoReads: you,
    howToErase: switchOff,
    covers: columns('replica_blob', 'replica', 'id', 'erase', 'kept_at'),
  },
]
