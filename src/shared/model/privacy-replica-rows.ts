import type { PrivacyTableRow } from './privacy-table.ts'

const owner = 'The server that keeps the copy of your history, and whoever runs it'
const erase =
  'Switch replication off and erase the copy: the device shows that it is empty, read back from the server. Closing an account of a home server does it too'
const sealed = `${owner}: that it is there, not what is in it`

/** What a server holds that copies sealed histories between devices; nothing as long as replication was never switched on. */
export const replicaPrivacyRows: readonly PrivacyTableRow[] = [
  {
    datum:
      'Your address, and the list of your devices: their public keys, names (sealed with a key that only they have), when they were added, renamed and removed, numbers of epochs',
    where: 'Server of the replica, access.db, table chain_link',
    why: 'So that only your devices get in, and each can check which they are',
    howLong: 'Until the copy is erased',
    whoReads: owner,
    howToErase: erase,
    covers: [
      'replica.chain_link.account',
      'replica.chain_link.place',
      'replica.chain_link.hash',
      'replica.chain_link.link',
    ],
  },
  {
    datum: 'Keys of your history, each sealed to one device or to the paper secret',
    where: 'Server of the replica, access.db, table epoch_box',
    why: 'So that each device can read what the others write',
    howLong: 'Until its epoch is over for 67 days, or the copy is erased',
    whoReads: sealed,
    howToErase: erase,
    covers: [
      'replica.epoch_box.account',
      'replica.epoch_box.recipient',
      'replica.epoch_box.epoch',
      'replica.epoch_box.box',
    ],
  },
  {
    datum:
      'That somebody who has the password of your account and none of its devices asked that all is erased, when, and on how many days since then the server ran',
    where: 'Server of the replica, access.db, table erasure_request',
    why: 'So that it is announced to your devices for 14 days, and each of them can keep your history',
    howLong: 'Until it is erased; 14 days where a device kept it',
    whoReads: owner,
    howToErase: erase,
    covers: [
      'replica.erasure_request.account',
      'replica.erasure_request.asked_at',
      'replica.erasure_request.days',
      'replica.erasure_request.due_at',
      'replica.erasure_request.kept_at',
      'replica.erasure_request.last_day',
    ],
  },
  {
    datum:
      'That an account was erased, and when: under a name made of it with a key (HMAC-SHA-256), and that a device said no to it. Whoever has the file can check an address that they know',
    where:
      'Server of the replica, a file beside its directory (option --erasures), and the same names in access.db (or PostgreSQL), table erased_account',
    why: 'So that a backup of the server does not bring back what was erased',
    howLong: '67 days',
    whoReads: 'Whoever runs the server',
    howToErase: 'Not at all: it is what is left of an erasure',
    covers: ['replica.erased_account.name', 'replica.erased_account.at'],
  },
  {
    datum:
      'What your devices wrote, sealed: which device, its number and its time, how large (rounded up), how far that device had read the others',
    where: 'Server of the replica, a file for each day of receipt (or PostgreSQL), table batch',
    why: 'So that every device has the same history',
    howLong: '60 days, by whole days',
    whoReads: sealed,
    howToErase: `Delete it on any device: its content goes from the server with the next push. Or all of it: ${erase}`,
    covers: [
      'replica.batch.id',
      'replica.batch.account',
      'replica.batch.device',
      'replica.batch.first',
      'replica.batch.last',
      'replica.batch.hash',
      'replica.batch.bytes',
    ],
  },
  {
    datum: 'Your files, sealed: a number each that says nothing, how large (rounded up), how much of it has come',
    where: 'Server of the replica, a file for each day of receipt (or PostgreSQL), tables blob and part',
    why: 'So that every device has the files of its history',
    howLong: '60 days, by whole days',
    whoReads: sealed,
    howToErase: `Delete the message on any device: its file goes from the server with the next exchange. Or all of it: ${erase}`,
    covers: [
      'replica.blob.id',
      'replica.blob.account',
      'replica.blob.hash',
      'replica.blob.size',
      'replica.blob.received',
      'replica.blob.whole',
      'replica.part.blob',
      'replica.part.at',
      'replica.part.bytes',
    ],
  },
  {
    datum: 'How far each of your devices has written, on which days, and how much',
    where:
      'Server of the replica, table head of each day’s file and of replica.db (or PostgreSQL: head, span, account)',
    why: 'So that nothing is stored twice, left out or put in between',
    howLong: 'Until the copy is erased',
    whoReads: owner,
    howToErase: erase,
    covers: [
      'replica.head.account',
      'replica.head.device',
      'replica.head.first',
      'replica.head.seq',
      'replica.head.hash',
      'replica.head.batches',
      'replica.head.bytes',
      'replica.head.day',
    ],
  },
  {
    datum: 'What is to be deleted and had not come yet: which device, which number, hash of its sealed form',
    where: 'Server of the replica, table tombstone of each day’s file (or PostgreSQL)',
    why: 'So that something deleted is not stored when it comes late',
    howLong: '60 days, by whole days',
    whoReads: owner,
    howToErase: erase,
    covers: [
      'replica.tombstone.account',
      'replica.tombstone.device',
      'replica.tombstone.seq',
      'replica.tombstone.body_hash',
    ],
  },
  {
    datum: 'Address of an account whose copy is being erased; first day that is kept',
    where: 'Server of the replica, replica.db, tables erasing and kept_from',
    why: 'So that an erasure that was cut off is finished at the next start',
    howLong: 'While it is being erased',
    whoReads: owner,
    howToErase: 'Nothing to do: it ends by itself',
    covers: ['replica.erasing.account', 'replica.kept_from.day'],
  },
  {
    datum: 'Open invitations: hash of the one-time token, the account it opened, when it ends',
    where: 'Server of the replica where it runs alone, invitations.db, table invitation',
    why: 'To let an invited person open an account once',
    howLong: 'A day',
    whoReads: owner,
    howToErase: 'Nothing to do: it ends by itself',
    covers: ['replica.invitation.token_hash', 'replica.invitation.account', 'replica.invitation.expires_at'],
  },
  {
    datum: 'The files with the tables above, their write-ahead logs and the index of those logs',
    where: 'Home server’s directory, folder replica, readable by its owner only',
    why: 'They hold the tables above; erased rows are overwritten, and emptied from the log at once',
    howLong: 'A day’s file: 60 days. The others: as long as the server’s directory',
    whoReads: owner,
    howToErase: 'Row by row as above, or delete the folder',
    covers: [
      'server.file.replica',
      ...['access.db', 'replica.db', 'day-DATE.db', 'blobs-DATE.db'].flatMap((name) =>
        ['', '-wal', '-shm'].map((end) => `server.file.replica/${name}${end}`),
      ),
    ],
  },
  {
    datum:
      'Requests of the last minutes: how many of each address and account, hashes of the signed ones; which devices wait for news; lists of devices read lately',
    where: 'Server of the replica, memory only',
    why: 'To slow down attacks, to accept no request twice, to tell the other devices',
    howLong: 'Minutes; while the device is connected',
    whoReads: 'The server of the replica',
    howToErase: 'Disconnect',
    covers: ['server.memory.replica'],
  },
  {
    datum:
      'A device that waits to be linked: the account’s address, its own address, and sealed pieces on their way between two of your devices',
    where: 'Server of the replica, memory only',
    why: 'So that the two devices meet, and the history can be handed over',
    howLong: 'Two minutes; ten without anything new once both are there; a day while a history is handed over',
    whoReads: 'The server of the replica: the addresses, sizes and times, not what is in the pieces',
    howToErase: 'Cancel on either device',
    covers: ['server.memory.rendezvous'],
  },
]
