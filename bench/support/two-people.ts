/** Two real programs at one home server, whose people have talked before. */
import type { Page } from '@playwright/test'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { temporaryData } from '#test/e2e/support/app.ts'
import { aliceAndBob, introduce, newPerson } from '#test/e2e/support/person.ts'
import { expectMessage, sendMessage } from '#test/e2e/support/steps.ts'

type Person = Awaited<ReturnType<typeof newPerson>>

export interface TwoPeople {
  readonly alice: Person
  readonly bob: Person
  readonly close: () => Promise<void>
}

export async function twoPeople(options: { readonly fakeMedia?: boolean }): Promise<TwoPeople> {
  const data = temporaryData()
  const alice = await newPerson({ profile: 'alice', data: data.path, ...options }, 'alice', 'Alice')
  const bob = await newPerson({ profile: 'bob', data: data.path, ...options }, 'bob', 'Bob')
  await introduce(...aliceAndBob(alice, bob), 'hello')
  await sendMessage(bob.page, 'hello yourself')
  await expectMessage(alice.page, 'hello yourself')
  return {
    ...{ alice, bob },
    close: async () => {
      await Promise.all([alice.quit(), bob.quit()])
      data.remove()
    },
  }
}

/** Id of the conversation with an address that holds `name`. */
export async function conversationWith(page: Page, name: string): Promise<string> {
  return page.evaluate(async (wanted) => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const reply = await sotto.call('conversations.list', {})
    const found = reply.ok ? reply.value.conversations.find(({ peer }) => peer.includes(wanted)) : undefined
    if (found === undefined) throw new Error(`no conversation with ${wanted}`)
    return found.id
  }, name)
}
