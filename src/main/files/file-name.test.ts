import { describe, expect, it } from 'vitest'
import { safeFileName } from './file-name.ts'

const whole = ({ name, extension }: ReturnType<typeof safeFileName>): string =>
  extension === null ? name : `${name}.${extension}`

describe('the name a received file is saved under', () => {
  it.each([
    ['Garden plan, second draft.pdf', 'Garden plan, second draft.pdf'],
    ['archive.tar.gz', 'archive.tar.gz'],
    ['写真 2026.jpg', '写真 2026.jpg'],
    ['README', 'README'],
    ['../../etc/passwd', 'etc passwd'],
    ['..\\..\\windows\\system.ini', 'windows system.ini'],
    ['/etc/cron.d/job', 'etc cron.d job'],
    ['.bashrc', 'bashrc'],
    ['', 'file'],
    ['...', 'file'],
    ['a\u0000b\n.txt', 'a b.txt'],
    // Shown as photo_exe.jpg by what turns the direction of reading.
    ['photo_\u202egpj.exe', 'photo_ gpj.exe'],
    ['invoice.pdf.exe ', 'invoice.pdf.exe'],
    ['CON.txt', '_CON.txt'],
    ['con', '_con'],
    ['what? "this": <that>|*.doc', 'what this that.doc'],
    ['a.b c d', 'a.b c d'],
  ])('%j becomes %j', (received, saved) => expect(whole(safeFileName(received))).toBe(saved))

  it('is cut between characters, its extension kept', () => {
    const { name, extension } = safeFileName(`${'😀'.repeat(400)}.jpeg`)
    expect(extension).toBe('jpeg')
    expect(name).toBe('😀'.repeat(50))
    expect(safeFileName(`con.${'x'.repeat(400)}`).name).toBe(`_con.${'x'.repeat(195)}`)
  })

  it('never holds a separator, a control or nothing at all, whatever comes', () => {
    for (let code = 0; code < 0x3000; code++) {
      const made = whole(
        safeFileName(`${String.fromCharCode(code)}x${String.fromCharCode(code)}.${String.fromCharCode(code)}`),
      )
      expect(made).not.toMatch(/[\\/\p{Cc}\p{Bidi_Control}]/u)
      expect(made.length).toBeGreaterThan(0)
      expect(made.startsWith('.')).toBe(false)
    }
  })
})
