import { expect, test } from 'vitest'
import { parseOptions } from './options.ts'

const problemOf = (text: string): string => {
  const parsed = parseOptions(text.split(' '))
  return parsed.ok ? 'fine' : parsed.error
}

test('has a default for all but the directory', () => {
  const parsed = parseOptions(['--data', '/srv/replica'])
  expect(parsed.ok && parsed.value).toEqual({
    erasures: '/srv/replica.erasures',
    ...{ directory: '/srv/replica', host: '127.0.0.1', port: 5443, names: [], certificate: null, postgres: null },
    ...{ days: 60, domain: null, digest: { kind: 'none' }, ha1Column: 'ha1', metricsTokenPath: null },
    ...{ invite: false, inviteFor: null, verbose: false },
  })
})

test.each([
  ['file:/etc/ha1', { kind: 'file', path: '/etc/ha1' }],
  ['sqlite:/var/k.sqlite', { kind: 'sqlite', path: '/var/k.sqlite' }],
  ['postgresql://k@db/kamailio', { kind: 'postgres', url: 'postgresql://k@db/kamailio' }],
])('reads where passwords are checked: %s', (text, digest) => {
  const parsed = parseOptions(['--data', '/d', '--domain', 'Example.org', '--digest', text])
  expect(parsed.ok && [parsed.value.domain, parsed.value.digest]).toEqual(['example.org', digest])
})

test('invites one address', () => {
  const parsed = parseOptions(['--data', '/d', '--invite-for', 'sip:alice@example.org'])
  expect(parsed.ok && parsed.value).toMatchObject({ invite: true, inviteFor: 'sip:alice@example.org' })
})

test.each([
  ['--host 0.0.0.0', '--data is needed'],
  ['--data /d --host example.org', '--host is not an IP address'],
  ['--data /d --port 70000', '--port is not a port'],
  ['--data /d --days 61', '--days is not a number from 1 to 60'],
  ['--data /d --days 0', '--days is not a number from 1 to 60'],
  ['--data /d --name -x', 'that is not a name'],
  ['--data /d --cert c.pem', '--cert and --key belong together'],
  ['--data /d --domain example.org', '--domain and --digest belong together'],
  ['--data /d --digest file:/x', '--domain and --digest belong together'],
  ['--data /d --domain a.org --digest mysql://x', '--digest is none of file:, sqlite:, postgresql://'],
  ['--data /d --erasures /d/list', '--erasures is in --data: a backup would bring back what it lists'],
  ['--data /d --invite-for alice', '--invite-for is not an address like sip:alice@example.org'],
  ['--data', '--data needs a value'],
  ['--frob', 'unknown option --frob'],
])('%s is refused', (text, problem) => {
  expect(problemOf(text)).toBe(problem)
})
