import { describe, expect, it } from 'vitest'
import { foreignUses, parseSocketTrace } from '../e2e/support/socket-trace.ts'

const trace = `
connect(30, {sa_family=AF_INET, sin_port=htons(5061), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS
connect(31, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("203.0.113.7")}, 16) = 0
sendto(9, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::8", &sin6_addr), sin6_scope_id=0}, 28) = 1
connect(9, {sa_family=AF_UNIX, sun_path="/run/dbus"}, 110) = 0
bind(40, {sa_family=AF_INET, sin_port=htons(5060), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
bind(41, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
bind(42, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
`

const probe = (extra: string): string => `
socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_UDP) = 24
connect(24, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
${extra}
close(24) = 0
`

describe('socket trace', () => {
  it('finds every internet address', () => {
    expect(parseSocketTrace(trace)).toHaveLength(6)
  })

  it('names what leaves the computer or listens to others', () => {
    expect(foreignUses(parseSocketTrace(trace))).toMatchObject([
      { call: 'connect', address: '203.0.113.7', port: 443 },
      { call: 'sendto', address: '2001:db8::8', port: 53 },
      { call: 'bind', address: '0.0.0.0', port: 5060 },
    ])
  })

  it('lets a route look-up pass, and nothing that sends', () => {
    expect(foreignUses(parseSocketTrace(probe('')))).toEqual([])
    expect(foreignUses(parseSocketTrace(probe('sendto(24, "x", 1, 0, NULL, 0) = 1')))).toHaveLength(1)
    expect(foreignUses(parseSocketTrace(probe('').replace('SOCK_DGRAM', 'SOCK_STREAM')))).toHaveLength(1)
  })
})
