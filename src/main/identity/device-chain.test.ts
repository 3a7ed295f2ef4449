import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { decodeLinkBody, decodeSignedLink, encodeLinkBody, encodeSignedLink } from '#shared/model/device-link.ts'
import type { LinkBody } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import { account, bodyOf, draw, genesis, hashOf, idOf, keysOf, namesKey, signerOf } from '#test/fakes/drawn-chain.ts'
import { applyVerifiedLink, readChain, verifyLink, type ChainState } from './device-chain.ts'
import { openName } from '#main/keys/device-names.ts'
import { signLink } from './link-author.ts'

function read(picture: string, picked: readonly string[] = []) {
  const links = draw(picture)
  const identity = hashOf([...links.values()][0])
  const pickedHashes = new Set(picked.map((name) => hashOf(links.get(name))))
  const reading = readChain([...links.values()], account, identity, pickedHashes)!
  const nameOf = (hash: string) => [...links].find(([, link]) => hashOf(link) === hash)![0]
  const valid = (name: string) => reading.state.devices.get(idOf(name))?.revokedAt === null
  return {
    head: nameOf(reading.state.head),
    fork: reading.fork?.branches.map(nameOf).sort() ?? null,
    devices: ['A', 'B', 'C', 'D'].filter(valid).join(''),
    ...{ reading, links },
  }
}

/** State after the first `count` links of a straight picture, and the next link. */
function stateBefore(picture: string): { state: ChainState | null; next: Uint8Array } {
  const links = [...draw(picture).values()]
  const next = links.pop()!
  let state: ChainState | null = null
  for (const link of links) {
    const checked = verifyLink(state, link, account)
    if (!checked.ok) throw new Error(checked.error)
    state = applyVerifiedLink(state, checked.value)
  }
  return { state, next }
}

const refusalOf = (picture: string) => {
  const { state, next } = stateBefore(picture)
  const result = verifyLink(state, next, account)
  return result.ok ? 'accepted' : result.error
}

describe('device chain', () => {
  it('adds, renames, revokes and counts epochs', () => {
    const straight = `
      0: A
      1: 0 A adds B
      2: 1 B renames A
      3: 2 A epoch 1
      4: 3 B revokes A
      5: 4 B epoch 2`
    const { head, devices, fork, reading } = read(straight)
    expect({ head, devices, fork }).toEqual({ head: '5', devices: 'B', fork: null })
    expect(reading.state.epoch).toBe(2)
    const { sealedName } = reading.state.devices.get(idOf('A'))!
    expect(openName(namesKey, keysOf('A').id, sealedName)).toBe('A again')
  })

  it('is restored by the paper key alone', () => {
    expect(read('0: A\n1: 0 A revokes A\n2: 1 paper adds B\n3: 2 B adds C')).toMatchObject({ head: '3', devices: 'BC' })
  })

  it.each([
    ['0: A\n1: 0 B adds B', 'missing-signature', 'a device that adds itself'],
    ['0: A\n1: 0 C adds B', 'signer-not-valid', 'a stranger who adds'],
    ['0: A\n1: 0 A adds B\n2: 1 A revokes B\n3: 2 B adds C', 'signer-not-valid', 'a revoked device that adds'],
    ['0: A\n1: 0 A adds B\n2: 1 A revokes B\n3: 2 A adds B', 'device-exists', 'a revoked device that comes back'],
    ['0: A\n1: 0 A adds B\n2: 1 A adds B', 'device-exists', 'a device added twice'],
    ['0: A\n1: 0 A revokes B', 'device-not-valid', 'a stranger revoked'],
    ['0: A\n1: 0 A epoch 2', 'wrong-epoch', 'a skipped epoch'],
    ['0: A\n1: 0 A epoch 1\n2: 1 A epoch 1', 'wrong-epoch', 'a repeated epoch'],
    ['0: A\n1: 0 A adds B\n2: 0 A adds C', 'wrong-previous', 'a link at the wrong place'],
    ['0: A\n1: B', 'wrong-previous', 'a second link 0'],
  ])('refuses %j: %s', (picture, refusal) => {
    expect(refusalOf(picture)).toBe(refusal)
  })

  it('refuses link 0 of another account, with a foreign device id, or signed by one side only', () => {
    const link = genesis('A')
    expect(verifyLink(null, link, 'sip:mallory@example.org' as Aor)).toEqual({ ok: false, error: 'wrong-account' })
    const body = decodeLinkBody(bodyOf(link)) as Extract<LinkBody, { kind: 'genesis' }>
    const foreign = signLink({ ...body, device: { ...body.device, id: keysOf('B').id } }, [signerOf('paper')])
    expect(verifyLink(null, foreign, account)).toEqual({ ok: false, error: 'wrong-device-id' })
    for (const only of ['A', 'paper'])
      expect(verifyLink(null, signLink(body, [signerOf(only)]), account)).toEqual({
        ok: false,
        error: 'missing-signature',
      })
  })

  it('stops at a fork until the user picks a branch', () => {
    const picture = `
      0: A
      1: 0 A adds B
      2: 1 A adds C
      3: 1 B revokes A
      4: 2 C adds D`
    expect(read(picture)).toMatchObject({ head: '1', fork: ['2', '3'], devices: 'AB' })
    expect(read(picture, ['2'])).toMatchObject({ head: '4', fork: null, devices: 'ABCD' })
    expect(read(picture, ['3'])).toMatchObject({ head: '3', fork: null, devices: 'B' })
  })

  it('lets the paper key settle a fork, but not on both branches', () => {
    const forked = '0: A\n1: 0 A adds B\n2: 1 A adds C\n3: 1 B revokes A\n'
    expect(read(`${forked}4: 3 paper renames B`)).toMatchObject({ head: '4', fork: null, devices: 'B' })
    expect(read(`${forked}4: 3 paper renames B\n5: 2 paper renames C`)).toMatchObject({ head: '1', fork: ['2', '3'] })
  })

  it('lets the paper key settle a fork whose branch a device has signed, too, in whatever order the two come', () => {
    const links = draw(`
      0: a
      1: 0 a adds b
      2: 1 b renames a
      3: 1 a epoch 1
      4: 1 paper epoch 1
    `)
    expect(hashOf(links.get('3'))).toBe(hashOf(links.get('4')))
    for (const order of ['0 1 2 3 4', '0 1 2 4 3', '4 3 2 1 0']) {
      const reading = readChain(
        order.split(' ').map((name) => links.get(name)!),
        account,
        hashOf(links.get('0')),
      )
      expect(reading).toMatchObject({ fork: null, state: { epoch: 1 } })
    }
  })

  describe('a pick by a device', () => {
    const forked = '0: A\n1: 0 A adds B\n2: 1 A adds C\n3: 1 B renames A\n'

    it('settles a fork, and lets a new epoch begin', () => {
      expect(read(`${forked}4: 2 B picks 2`)).toMatchObject({ head: '4', fork: null, devices: 'ABC' })
      expect(read(`${forked}4: 3 A picks 3\n5: 4 A epoch 1`)).toMatchObject({ head: '5', devices: 'AB' })
      expect(read(`${forked}4: 3 A epoch 1\n5: 4 A picks 3`).reading.state.epochIsDue).toBe(true)
    })

    it('counts for the branch that it names alone, and not beside another on another branch', () => {
      const open = { head: '1', fork: ['2', '3'] }
      expect(read(`${forked}4: 2 B picks 3`)).toMatchObject(open)
      expect(read(`${forked}4: 2 B picks 2\n5: 3 A picks 3`)).toMatchObject(open)
      expect(read(`${forked}4: 2 B picks 2\n5: 3 paper picks 3`)).toMatchObject({ head: '5', fork: null })
    })

    it('is nothing by a device that only one branch has, or that another one removes', () => {
      expect(read(`${forked}4: 2 C picks 2`)).toMatchObject({ head: '1', fork: ['2', '3'] })
      const removed = '0: A\n1: 0 A adds B\n2: 1 A revokes B\n3: 1 B adds C\n'
      expect(read(`${removed}4: 3 B picks 3`)).toMatchObject({ head: '1', fork: ['2', '3'] })
      expect(read(`${removed}4: 2 A picks 2`)).toMatchObject({ head: '4', devices: 'A' })
      expect(read(`${removed}4: 3 A picks 3`)).toMatchObject({ head: '4', devices: 'ABC' })
    })

    it('is nothing by a removed device that hides its removal behind another fork', () => {
      const hidden = `
        0: A
        1: 0 A adds B
        2: 1 A renames A
        3: 2 A revokes B
        4: 1 B adds C
        5: 2 B renames B
        6: 4 B picks 4`
      expect(read(hidden)).toMatchObject({ head: '1', fork: ['2', '4'] })
    })

    it('stays when its device is removed afterwards', () => {
      expect(read(`${forked}4: 2 B picks 2\n5: 4 A revokes B`)).toMatchObject({ head: '5', fork: null, devices: 'AC' })
    })
  })

  it('walks forks within forks once each', () => {
    const lines = ['0: A', '1: 0 A adds B']
    for (let at = 1; at < 60; at++)
      lines.push(
        `${at + 1}: ${at} A epoch ${at}`,
        `${at + 1}x: ${at} A renames B`,
        `${at + 1}p: ${at + 1}x A renames A`,
      )
    lines.push('61: 60 paper renames B')
    expect(read(lines.join('\n'))).toMatchObject({ head: '61', fork: null })
  })

  it('reads the same from every order, and with garbage and repeats between', () => {
    const { links, reading } = read('0: A\n1: 0 A adds B\n2: 1 B epoch 1\n3: 2 A adds C\n4: 3 C revokes B')
    const noise = [Uint8Array.of(1, 2, 3), links.get('1')!, new Uint8Array()]
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...links.values(), ...noise], { minLength: links.size + noise.length }),
        (some) => {
          expect(readChain(some, account, reading.state.identity)).toEqual(reading)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('takes no link whose bits were changed', () => {
    const { state, next } = stateBefore('0: A\n1: 0 A adds B')
    fc.assert(
      fc.property(fc.nat(next.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(next)
        changed[at]! ^= flip
        expect(verifyLink(state, changed, account).ok).toBe(false)
      }),
    )
  })
})

describe('link codec', () => {
  it('keeps bytes and refuses everything that is not canonical', () => {
    const link = draw('0: A\n1: 0 A adds B').get('1')!
    expect(encodeSignedLink(decodeSignedLink(link))).toEqual(link)
    const body = bodyOf(link)
    expect(encodeLinkBody(decodeLinkBody(body))).toEqual(Uint8Array.from(body))
    // {"a": 1} with the integer in two bytes, an indefinite map, a duplicate key.
    for (const hex of ['a161611801', 'bf616101ff', 'a2616101616101'])
      expect(() => decodeLinkBody(Buffer.from(hex, 'hex'))).toThrow(ProtocolError)
  })

  it('throws nothing but ProtocolError', () => {
    const link = draw('0: A\n1: 0 A adds B').get('1')!
    const attempt = (bytes: Uint8Array) => {
      for (const decode of [decodeSignedLink, decodeLinkBody]) {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), attempt))
    for (let end = 0; end < link.length; end++) attempt(link.subarray(0, end))
    attempt(new Uint8Array(8192).fill(0x81))
    attempt(new Uint8Array(100_000))
  })
})
