/** What a profile acknowledged, and whether it is there when the profile is opened again. */
import { AttachmentStore, type StoredAttachment } from '#main/history/attachments/attachment-store.ts'
import { isIntact, openDatabase } from '#main/history/database.ts'
import { HistoryReader } from '#main/history/history-reader.ts'
import type { ProfilePaths } from '#main/platform/profile-paths.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import type { Aor, AttachmentId, MessageId } from '#shared/model/ids.ts'
import { alice, bob, conversationWith } from './history-fixture.ts'
import { cheapLadder, passphraseOf, pathsOf, type Mark } from './profile-life.ts'

/** What the marks so far promise. */
export class Promised {
  key: string | null = null
  databaseMade = false
  passphrase = 0
  acknowledged = 0
  readonly messages = new Map<string, Aor>()
  readonly jobs = new Set<string>()
  readonly sent = new Set<string>()
  readonly deleted = new Set<string>()
  readonly attachments: StoredAttachment[] = []

  note(text: string): void {
    const [mark, subject, id, key, size] = text.split(' ') as [Mark, string, string?, string?, string?]
    const notes: Readonly<Record<Mark, () => unknown>> = {
      keys: () => (this.key = subject),
      made: () => (this.databaseMade = true),
      queued: () => [this.messages.set(subject, alice), this.jobs.add(subject)],
      received: () => this.messages.set(subject, bob),
      done: () => [this.jobs.delete(subject), this.sent.add(subject)],
      deleted: () => this.deleted.add(subject),
      stored: () => {
        this.messages.set(subject, bob)
        this.attachments.push({ id: id as AttachmentId, key: Buffer.from(key ?? '', 'hex'), size: Number(size) })
      },
      passphrase: () => (this.passphrase = Number(subject)),
    }
    this.acknowledged += 1
    notes[mark]()
  }
}

/** Opens the profile as the next start would and looks for what was promised. */
export async function startAgain(root: string, promised: Promised): Promise<readonly string[]> {
  const paths = pathsOf(root)
  const key = await openKeys(paths, promised)
  if (key === null) return promised.key === null ? [] : ['the keys are lost']
  if (promised.key !== null && Buffer.from(key).toString('hex') !== promised.key) return ['another key']
  const db = openDatabase({ path: paths.database, key, role: 'writer' })
  const isWhole = isIntact(db)
  db.close()
  const reader = new HistoryReader({ path: paths.database, key })
  try {
    const found = [...(await lostMessages(reader, promised)), ...(await lostFiles(paths, promised))]
    return isWhole ? found : ['the database is damaged', ...found]
  } finally {
    reader.close()
  }
}

/** Null when there is nothing yet, so that the person begins anew. */
async function openKeys(paths: ProfilePaths, promised: Promised): Promise<Uint8Array | null> {
  const ladder = cheapLadder(paths)
  if ((await ladder.state()) === 'absent') return null
  try {
    return await ladder.open('passphrase', passphraseOf(String(promised.passphrase)))
  } catch {
    // The change to the next one may have come through.
    return ladder.open('passphrase', passphraseOf(String(promised.passphrase + 1)))
  }
}

async function lostMessages(reader: HistoryReader, promised: Promised): Promise<readonly string[]> {
  const problems: string[] = []
  const conversation = conversationWith(bob)
  const jobs = new Set((await reader.dueJobs(Number.MAX_SAFE_INTEGER, 10_000)).map(({ target }) => target as string))
  for (const [id, author] of promised.messages) {
    const message = await reader.message(conversation, author, id as MessageId)
    if (message === null) problems.push(`message ${id} is lost`)
    else if (promised.deleted.has(id) && message.text !== '') problems.push(`message ${id} is there again`)
    else if (promised.sent.has(id) && message.state !== 'sent') problems.push(`message ${id} forgot that it was sent`)
  }
  for (const id of promised.jobs)
    if (!jobs.has(id) && !(await wasSent(reader, id))) problems.push(`job of ${id} is lost`)
  for (const id of promised.sent) if (jobs.has(id)) problems.push(`job of ${id} is there again`)
  return problems
}

/** Committed, but not acknowledged before the cut. */
async function wasSent(reader: HistoryReader, id: string): Promise<boolean> {
  return (await reader.message(conversationWith(bob), alice, id as MessageId))?.state === 'sent'
}

async function lostFiles(paths: ProfilePaths, promised: Promised): Promise<readonly string[]> {
  const store = new AttachmentStore(paths.attachments, systemRandom)
  const problems: string[] = []
  for (const attachment of promised.attachments) {
    try {
      if (!(await store.isIntact(attachment.id))) problems.push(`attachment ${attachment.id} is damaged`)
      let size = 0
      for await (const bytes of store.read(attachment)) size += bytes.length
      if (size !== attachment.size) problems.push(`attachment ${attachment.id} is cut`)
    } catch (error) {
      problems.push(`attachment ${attachment.id}: ${String(error)}`)
    }
  }
  return problems
}
