import { expect, test } from 'vitest'
import { guardRequest } from './origin-guard.ts'

const hosts = new Set(['sotto.home.arpa', 'localhost', '127.0.0.1', '::1'])

test.each(['localhost:5061', '127.0.0.1', '[::1]:5061', 'SOTTO.home.arpa:1'])('takes a request to %s', (host) => {
  expect(guardRequest({ host }, hosts)).toBeNull()
})

test.each([
  ['evil.example', 'rebound name'],
  ['localhost.evil.example', 'name that begins like ours'],
  ['127.0.0.1@evil.example', 'user part'],
  ['::1', 'bare IPv6'],
  ['', 'empty'],
])('refuses the host %s (%s)', (host) => {
  expect(guardRequest({ host }, hosts)).toBe('host-refused')
  expect(guardRequest({}, hosts)).toBe('host-refused')
})

test.each([
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: 'http://localhost' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-mode': 'no-cors' },
  { referer: 'https://evil.example/' },
])('refuses what only a browser sends: %j', (headers) => {
  expect(guardRequest({ host: 'localhost', ...headers }, hosts)).toBe('browser-refused')
})
