import { expect, it } from 'vitest'
import { profiles, type ProfileName } from '#protocol/srtp/profiles.ts'
import { runSrtpLink } from '#test/fakes/srtp-link.ts'

const wanted = Number(process.env.SOTTO_SRTP_PACKETS ?? '10000000')
const seed = Number(process.env.SOTTO_SRTP_SEED ?? '1000')
const names = Object.keys(profiles) as ProfileName[]
const each = Math.ceil(wanted / names.length)

it.each(names.map((name, at) => [name, seed + at] as const))(
  `%s, seed %i: ${each} packets on a bad network`,
  (name, own) => {
    const begun = performance.now()
    const report = runSrtpLink(name, each, own)
    const seconds = (performance.now() - begun) / 1000
    process.stdout.write(`${name}: ${JSON.stringify(report)} in ${seconds.toFixed(1)} s\n`)
    expect(report).toMatchObject({ sent: each, delivered: report.sent - report.lost, wrong: [] })
    expect(report.rollOvers).toBe(Math.floor((65_000 + each - 1) / 0x10000))
    // A network that does nothing wrong would prove nothing.
    expect(report.lost).toBeGreaterThan(each / 100)
    expect(report.replays).toBeGreaterThan(report.delivered / 40)
    expect(report.forgeries).toBeGreaterThan(report.delivered / 100)
  },
)
