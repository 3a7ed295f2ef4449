import { describe, expect, it } from 'vitest'
import { WriteQueue } from './write-queue.ts'

/** A queue whose transactions are listed by what ran in them; one that `isRefused` takes nothing. */
function queueOf(isRefused: (names: readonly string[]) => boolean = () => false) {
  const transactions: (readonly string[])[] = []
  let names: string[] = []
  const queue = new WriteQueue<null>((run) => {
    names = []
    run(null)
    if (isRefused(names)) throw new Error('refused')
    transactions.push(names)
  })
  const append = (name: string, bytes = 10): Promise<string> =>
    queue.append(bytes, () => {
      names.push(name)
      return `${name} done`
    })
  return { queue, transactions, append }
}

describe('what waits to be written', () => {
  it('shares a transaction, and is answered after it', async () => {
    const { transactions, append } = queueOf()
    const answers = ['a', 'b', 'c'].map((name) => append(name).then((answer) => [answer, transactions.length]))
    expect(transactions).toEqual([])
    expect(await Promise.all(answers)).toEqual([
      ['a done', 1],
      ['b done', 1],
      ['c done', 1],
    ])
    expect(transactions).toEqual([['a', 'b', 'c']])
  })

  it('is cut into transactions of so many batches, and of so many bytes', async () => {
    const many = queueOf()
    await Promise.all(Array.from({ length: 600 }, (_, n) => many.append(String(n))))
    expect(many.transactions.map(({ length }) => length)).toEqual([256, 256, 88])
    const large = queueOf()
    await Promise.all(['a', 'b', 'c'].map((name) => large.append(name, 2_000_000)))
    expect(large.transactions).toEqual([['a', 'b'], ['c']])
  })

  it('keeps its order around what runs alone', async () => {
    const { queue, transactions, append } = queueOf()
    const [, seen] = await Promise.all([append('a'), queue.alone(() => transactions.flat()), append('b')])
    expect([seen, transactions]).toEqual([['a'], [['a'], ['b']]])
  })

  it('leaves alone what stands beside something that fails', async () => {
    const { queue, transactions, append } = queueOf((names) => names.includes('bad'))
    const answers = await Promise.allSettled([
      ...[append('a'), append('bad'), append('b')],
      queue.alone(() => {
        throw new Error('alone')
      }),
      append('c'),
    ])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(transactions).toEqual([['a'], ['b'], ['c']])
  })

  it('is done at the end, and nothing after it', async () => {
    const { queue, append } = queueOf()
    const last = append('a')
    queue.close()
    await expect(append('b')).rejects.toThrow('closed')
    expect(await last).toBe('a done')
  })
})
