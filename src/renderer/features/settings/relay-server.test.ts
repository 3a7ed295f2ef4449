import { describe, expect, it } from 'vitest'
import { isRelayServer } from './relay-server.ts'

describe('relay server', () => {
  it.each(['turn.example.org', 'turn.example.org:3478', '192.0.2.7:1', '[2001:db8::7]:65535', 'localhost'])(
    'takes %s',
    (text) => expect(isRelayServer(text)).toBe(true),
  )
  it.each(['', 'turn:turn.example.org', 'a b', 'host:', 'host:0', 'host:65536', '-host', 'user@host', 'host/path'])(
    'refuses “%s”',
    (text) => expect(isRelayServer(text)).toBe(false),
  )
})
