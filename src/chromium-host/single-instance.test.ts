import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { privateFolder } from './single-instance.ts'

describe('the folder of the lock', () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'lock-'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('is ours alone, also when it was open before', () => {
    const folder = path.join(root, 'own')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    expect(privateFolder(folder)).toBe(folder)
    expect(lstatSync(folder).mode & 0o777).toBe(0o700)
  })

  it('is no link, wherever it points', () => {
    const [elsewhere, link] = [path.join(root, 'elsewhere'), path.join(root, 'link')]
    mkdirSync(elsewhere)
    chmodSync(elsewhere, 0o755)
    symlinkSync(elsewhere, link)
    expect(() => privateFolder(link)).toThrow('belongs to somebody else')
    expect(lstatSync(elsewhere).mode & 0o777).toBe(0o755)
  })
})
