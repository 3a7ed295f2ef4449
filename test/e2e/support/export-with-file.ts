import { copyFileSync } from 'node:fs'
import type { Entry } from '#shared/model/entry.ts'
import { ArchiveProfile, sealed } from '#test/integration/archive/archive-fixture.ts'
import { alice, aliceAccount, EntryMaker } from '#test/integration/history/history-fixture.ts'

async function* piece(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content)
}

/** Writes an export with one received file in it; returns the key of its attachment. */
export async function exportWithFile(
  target: string,
  { name, content }: { readonly name: string; readonly content: Uint8Array },
): Promise<Uint8Array> {
  const profile = new ArchiveProfile()
  try {
    const { id, key, size } = await profile.attachments.write(piece(content))
    const base = new EntryMaker().incoming('')
    if (base.body.kind !== 'message') throw new Error('not a message')
    const { conversation, peer, author, messageId, sentAt } = base.body
    const place = { conversation, peer, author, messageId, sentAt }
    const file = { fileName: name, mediaType: 'application/pdf', size, attachment: id, attachmentKey: key }
    const entry: Entry = { ...base, body: { kind: 'file', ...place, ...file } }
    await profile.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
    await profile.history.writer.commit({ entries: [entry] })
    await profile.archive.exportSealed({ scope: { kind: 'all' }, protection: { ...sealed } })
    copyFileSync(profile.target, target)
    return key
  } finally {
    await profile.remove()
  }
}
