import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { draw, idOf, keysOf, namesKey } from '#test/fakes/drawn-chain.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { publicKeyOf } from '#main/keys/key-pairs.ts'
import { nameOfDevice, type DeviceNames } from '#shared/identity/chain-ports.ts'
import { namesBoxBytes, sealedNameBytes } from '#shared/model/device-link.ts'
import { readChain } from '#main/identity/device-chain.ts'
import { namesIn, openName, openNamesKey, sealName, sealNamesKey } from './device-names.ts'
import { account, hashOf } from '#test/fakes/drawn-chain.ts'

const random = new SeededRandom('names')
const [desk, phone] = [keysOf('desk').id, keysOf('phone').id]

describe('a name of a device', () => {
  it('opens for who has the key, and is as long as any other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const name = text.slice(0, 80).toWellFormed()
        const sealed = sealName(namesKey, desk, name, random)
        expect(sealed).toHaveLength(sealedNameBytes)
        expect(openName(namesKey, desk, sealed)).toBe(name)
      }),
    )
    expect(openName(namesKey, desk, sealName(namesKey, desk, '字'.repeat(80), random))).toBe('字'.repeat(80))
  })

  it('looks another way each time', () => {
    expect(sealName(namesKey, desk, 'Desk', random)).not.toEqual(sealName(namesKey, desk, 'Desk', random))
  })

  it('opens with no other key, for no other device, and not once a bit of it is another', () => {
    const sealed = sealName(namesKey, desk, 'Desk', random)
    expect(openName(random.bytes(32), desk, sealed)).toBeNull()
    expect(openName(namesKey, phone, sealed)).toBeNull()
    for (let at = 0; at < sealed.length; at += 1)
      expect(
        openName(
          namesKey,
          desk,
          sealed.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        ),
      ).toBeNull()
  })
})

describe('the key of names', () => {
  it('comes out of the box of link 0 with the paper’s key alone, for its account alone', () => {
    const paper = random.bytes(32)
    const box = sealNamesKey(namesKey, publicKeyOf('x25519', paper), account, random)
    expect(box).toHaveLength(namesBoxBytes)
    expect(openNamesKey(box, paper, account)).toEqual(namesKey)
    expect(openNamesKey(box, random.bytes(32), account)).toBeNull()
    expect(openNamesKey(box, paper, 'sip:eve@example.org')).toBeNull()
  })
})

describe('the names in links', () => {
  const links = [
    ...draw(`
    0: desk
    1: 0 desk adds phone
    2: 1 phone renames desk`).values(),
  ]
  const { state } = readChain(links, account, hashOf(links[0]))!
  const shown = (names: DeviceNames) => ['desk', 'phone'].map((name) => nameOfDevice({ state, names }, idOf(name)))

  it('are those that were given last', () => {
    expect(shown(namesIn(links, namesKey))).toEqual(['desk again', 'phone'])
  })

  it('are empty for who has another key, and bytes that are no link say nothing', () => {
    expect(shown(namesIn([...links, Uint8Array.of(1, 2, 3)], random.bytes(32)))).toEqual(['', ''])
  })
})
