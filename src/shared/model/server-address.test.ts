import { describe, expect, it } from 'vitest'
import { parseServer, showServer } from './server-address.ts'

describe('addresses of servers', () => {
  it.each(['replica.example.org:443', '192.0.2.7:5443', '[2001:db8::7]:443'])('reads and shows %s', (text) => {
    expect(showServer(parseServer(` ${text.toUpperCase()} `)!)).toBe(text)
  })

  it.each([
    '',
    'example.org',
    'example.org:',
    'example.org:0',
    'example.org:65536',
    '2001:db8::7:443',
    'a b:1',
    'https://a:1',
  ])('refuses %j', (text) => {
    expect(parseServer(text)).toBeNull()
  })
})
