import { expect, it } from 'vitest'
import { runSrtpLink } from '#test/fakes/srtp-link.ts'

it.each(['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const)(
  '%s over a bad network: what arrives is what was sent, once',
  (name) => {
    const report = runSrtpLink(name, 100_000, 1)
    expect(report).toMatchObject({ sent: 100_000, wrong: [], rollOvers: 2 })
    expect(report.delivered).toBe(report.sent - report.lost)
    // One in twenty comes again, before one in fifty comes a forgery: half of that is enough.
    expect(report.replays).toBeGreaterThan(report.delivered / 40)
    expect(report.forgeries).toBeGreaterThan(report.delivered / 100)
  },
  60_000,
)
