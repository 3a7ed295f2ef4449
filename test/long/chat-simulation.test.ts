import { describe, it } from 'vitest'
import { tellStory } from '#test/fakes/chat-story.ts'

const seeds = Number(process.env.SOTTO_CHAT_SEEDS ?? '200')
const first = Number(process.env.SOTTO_CHAT_SEED ?? '1000')

describe('chat on a bad network', () => {
  it.each(Array.from({ length: seeds }, (_, at) => [first + at, at % 2 === 1] as const))(
    'seed %i (sessions: %s): every message once, in order, the same on all devices',
    (seed, msrp) => tellStory(seed, msrp),
  )
})
