import { describe, expect, it } from 'vitest'
import { checkImport, partOf } from '../../scripts/lint/arrows-rule.mjs'

describe('import arrows', () => {
  it.each([
    ['src/shared/model/aor.ts', '../result.ts'],
    ['src/protocol/sip/parse.ts', '#shared/errors.ts'],
    ['src/main/chat/chat.ts', '#protocol/cpim/cpim.ts'],
    ['src/main/compose.ts', './chat/chat.ts'],
    ['src/renderer/features/chat/Composer.tsx', '#renderer/stores/chat.ts'],
    ['src/server/home/main.ts', '#protocol/sip/parse.ts'],
    ['src/protocol/sip/user-agent/jssip.ts', 'jssip/lib/UA.js'],
    ['src/main/history/database.ts', 'better-sqlite3'],
  ])('%s may import %s', (file, specifier) => {
    expect(checkImport(file, specifier)).toBeNull()
  })

  it.each([
    ['src/shared/model/aor.ts', '#main/compose.ts'],
    ['src/protocol/sip/parse.ts', '#protocol/msrp/chunk.ts'],
    ['src/protocol/msrp/chunk.ts', '../sip/parse.ts'],
    ['src/main/chat/chat.ts', '#main/accounts/accounts.ts'],
    ['src/main/chat/chat.ts', '../contacts/contacts.ts'],
    ['src/main/chat/chat.ts', 'electron'],
    ['src/main/chat/chat.ts', 'better-sqlite3'],
    ['src/renderer/features/chat/Composer.tsx', '#renderer/bridge/client.ts'],
    ['src/renderer/features/chat/Composer.tsx', 'zustand'],
    ['src/renderer/stores/chat.ts', '#main/compose.ts'],
    ['src/preload/preload.ts', '#shared/model/aor.ts'],
    ['src/server/home/main.ts', '#main/compose.ts'],
    ['src/main/chat/chat.ts', 'jssip'],
    ['src/main/chat/chat.ts', '#test/fakes/history.ts'],
  ])('%s may not import %s', (file, specifier) => {
    expect(checkImport(file, specifier)).not.toBeNull()
  })

  it('knows the part of every source folder', () => {
    expect(partOf('src/shared/bridge/table.ts')).toBe('shared/bridge')
    expect(partOf('test/e2e/tour/main.ts')).toBeNull()
  })
})
