import { expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import { closeInTurn } from './open-history.ts'

it('lets go of the database one connection after the other, also of one whose thread is gone', async () => {
  const seen: string[] = []
  const connection = (name: string, close: () => Promise<void>) => ({
    close: async () => {
      seen.push(`${name} closing`)
      await close()
      seen.push(`${name} closed`)
    },
    end: () => {
      seen.push(`${name} ended`)
      return Promise.resolve()
    },
  })
  const later = () => new Promise<void>((resolve) => setImmediate(resolve))
  const gone = () => Promise.reject(new SottoError('locked'))
  await closeInTurn([connection('crashed', gone), connection('reader', later), connection('writer', later)])
  expect(seen).toEqual([
    'crashed closing',
    'crashed ended',
    'reader closing',
    'reader closed',
    'reader ended',
    'writer closing',
    'writer closed',
    'writer ended',
  ])
})
