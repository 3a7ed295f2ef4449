import { describe, expect, it } from 'vitest'
import { parseServer, serverOfUrl, showServer } from './server-address.ts'

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

  it.each([
    ['wss://home.example:8443/ws', { host: 'home.example', port: 8443 }],
    ['wss://home.example', { host: 'home.example', port: 443 }],
    ['wss://[2001:db8::7]:8443', { host: '2001:db8::7', port: 8443 }],
  ])('takes %s apart', (url, server) => {
    expect(serverOfUrl(url)).toEqual(server)
  })

  it.each(['ws://home.example:80', 'https://home.example', 'home.example:5061', ''])('finds none in %j', (url) => {
    expect(serverOfUrl(url)).toBeNull()
  })
})
