/** One history on two devices through a replica that the person runs beside the SIP server, on either store. */
import path from 'node:path'
import { expect as visible } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { showServer } from '#shared/model/server-address.ts'
import { launchReplica, listening, stopReplica, type ReplicaProgram } from '#test/fakes/replica-program.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { homeDomain, newPerson, testPassphrase } from '../support/person.ts'
import { expectMessage, openConversation, protectProfile, sendMessage, startConversation } from '../support/steps.ts'
import { wholeHistory } from '../tour/archive-steps.ts'
import { goOn, handOver, keepAtReplica, leaveNothing, removeOther, showCode } from '../tour/link-steps.ts'

const patient = { timeout: 30_000 }

describe.each(['SQLite', 'PostgreSQL'])('a history at a replica of its own, on %s', (store) => {
  const data = temporaryData()
  let postgres: PostgresServer | null = null
  let schema = ''
  let replica: ReplicaProgram
  let desk: RunningApp
  let tablet: RunningApp
  const running: RunningApp[] = []

  beforeAll(async () => {
    if (store === 'PostgreSQL') {
      postgres = await PostgresServer.start()
      schema = await postgres.schema()
    }
    const options = postgres === null ? [] : ['--postgres', postgres.url(schema)]
    const all = ['--data', path.join(data.path, 'replica'), '--port', '0', '--invite', ...options]
    replica = await listening(launchReplica(all))
    desk = await newPerson({ profile: 'desk', data: data.path }, 'alice', 'Alice')
    running.push(desk)
    await startConversation(desk.page, `echo@${homeDomain}`)
    await sendMessage(desk.page, 'said before')
    await visible(desk.page.getByRole('log').getByText('said before', { exact: true })).toHaveCount(2, patient)
  }, 120_000)

  afterAll(async () => {
    for (const app of running) await app.quit()
    expect(await stopReplica(replica.child)).toBe(0)
    await postgres?.stop()
    data.remove()
  }, 60_000)

  const storedRows = async (): Promise<number> => {
    if (postgres === null) return NaN
    const [row] = await postgres.sql<{ count: string }>('SELECT count(*) FROM batch', schema)
    return Number(row?.count)
  }

  it('comes to a second device, which both write to', async () => {
    const address = showServer(replica.address)
    await keepAtReplica(desk.page, { address, invitation: replica.invitation })
    if (postgres !== null) expect(await storedRows()).toBeGreaterThan(0)
    tablet = await launchApp({ profile: 'tablet', data: data.path })
    running.push(tablet)
    await protectProfile(tablet.page, testPassphrase)
    await handOver(desk.page, await showCode(tablet.page, `alice@${homeDomain}`, address))
    await goOn(tablet.page)
    const known = await wholeHistory(desk.page)
    expect(known.flatMap(({ messages }) => messages).length).toBeGreaterThan(1)
    await visible.poll(() => wholeHistory(tablet.page), patient).toEqual(known)
    await openConversation(tablet.page, /echo/i)
    await desk.page.keyboard.press('Escape')
    await openConversation(desk.page, /echo/i)
    await sendMessage(tablet.page, 'written on the tablet')
    await expectMessage(desk.page, 'written on the tablet')
    await sendMessage(desk.page, 'written on the desk')
    await expectMessage(tablet.page, 'written on the desk')
  }, 180_000)

  it('goes on without a device that was removed, and leaves nothing behind when it is switched off', async () => {
    await removeOther(desk.page)
    await tablet.page.keyboard.press('Control+,')
    await tablet.page.getByRole('tab', { name: 'Devices', exact: true }).click(patient)
    await visible(tablet.page.getByText(/was removed/).first()).toBeVisible(patient)
    await leaveNothing(desk.page)
    if (postgres !== null) expect(await storedRows()).toBe(0)
    for (const told of ['alice', 'said before', 'written on']) expect(replica.said()).not.toContain(told)
  }, 120_000)
})
