import { describe, expect, it } from 'vitest'
import { readHostOptions } from '../host-options.ts'
import { chromiumSwitches } from './switches.ts'

const plain = { profile: '/p', appName: 'Sotto', extra: [], headless: false, noSandbox: false, debuggingPort: null }

describe('Chromium switches', () => {
  it('are hardened, and open no port', () => {
    const switches = chromiumSwitches(plain)
    expect(switches).toEqual(
      expect.arrayContaining([
        '--remote-debugging-pipe',
        '--disable-extensions',
        '--disable-sync',
        '--disable-background-networking',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        '--password-store=basic',
        '--use-mock-keychain',
      ]),
    )
    expect(switches.filter((name) => /no-sandbox|debugging-port|headless/.test(name))).toEqual([])
  })

  it('let media reach the gateway in this computer, without a name on the network', () => {
    const switches = chromiumSwitches(plain)
    expect(switches).toContain('--allow-loopback-in-peer-connection')
    expect(switches).toContain('--autoplay-policy=no-user-gesture-required')
    expect(switches.find((name) => name.startsWith('--disable-features='))).toContain('WebRtcHideLocalIpsWithMdns')
  })

  it('carry what the app adds without losing what we disabled', () => {
    const extra = ['--disable-features=Foo', '--mute-audio']
    const switches = chromiumSwitches({ ...plain, extra })
    const features = switches.filter((name) => name.startsWith('--disable-features='))
    expect(features).toHaveLength(1)
    expect(features[0]).toMatch(/MediaRouter.*,Foo$/)
    expect(switches).toContain('--mute-audio')
  })
})

describe('host options', () => {
  const args = ['--inspect=0', '--remote-debugging-port=0', '--no-sandbox', 'main.js', '--profile', 'bob']

  it('open a debugging port in tests only', () => {
    expect(readHostOptions(args, {}).options.debuggingPort).toBeNull()
    expect(readHostOptions(args, { SOTTO_HOST_TEST: '1' }).options.debuggingPort).toBe(0)
  })

  it('leave the app its own arguments', () => {
    expect(readHostOptions(args, {}).args).toEqual(['main.js', '--profile', 'bob'])
  })
})
