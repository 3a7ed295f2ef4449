import { describe, expect, it } from 'vitest'
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import { eraseCopy } from './erase-copy.ts'

const accountId = 'a'.repeat(22) as AccountId

/** Erases the copy of an account, whose server or device answers with this failure. */
async function erasing(failure: Error | null): Promise<readonly unknown[]> {
  const asked: unknown[] = []
  const switchOff = (request: unknown) => {
    asked.push(request)
    return failure === null ? Promise.resolve(null) : Promise.reject(failure)
  }
  await eraseCopy({ switchOff }, accountId)
  return asked
}

describe('what a replica holds of an account that is to be closed', () => {
  it('is erased on the word of this device, with replication here', async () => {
    expect(await erasing(null)).toEqual([{ accountId, erase: true }])
  })

  it.each<ErrorCode>(['device-unknown', 'replica-unknown', 'not-found'])(
    'is nothing of this device’s where the answer is %s: the account may be closed',
    async (code) => {
      expect(await erasing(new SottoError(code))).toHaveLength(1)
    },
  )

  it.each<ErrorCode>(['server-unreachable', 'device-removed', 'replica-busy', 'cancelled'])(
    'is still there when that fails as %s, and the account is not closed',
    async (code) => {
      await expect(erasing(new SottoError(code))).rejects.toMatchObject({ code })
    },
  )

  it('hides no bug', async () => {
    await expect(erasing(new TypeError('bug'))).rejects.toThrow('bug')
  })
})
