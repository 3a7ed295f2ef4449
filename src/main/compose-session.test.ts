import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SottoError } from '#shared/errors.ts'
import { composeSession, type SessionPorts } from './compose-session.ts'
import { preparePaths } from './platform/profile-paths.ts'

it('leaves nothing open behind a start that failed', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'sotto-session-'))
  const paths = preparePaths(data, 'default')
  let confirms = 0
  const ladder = {
    confirmDatabase: () => {
      confirms += 1
      // The log of the database is there while somebody has it open.
      expect(existsSync(`${paths.database}-wal`)).toBe(true)
      return Promise.reject(new SottoError('disk-full'))
    },
  }
  const ports = { paths, ladder, clock: new FakeClock(), random: new SeededRandom(1) } as unknown as SessionPorts
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(composeSession(ports, new Uint8Array(32).fill(7), () => undefined)).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(existsSync(`${paths.database}-wal`)).toBe(false)
  }
  expect(confirms).toBe(2)
  rmSync(data, { recursive: true })
})
