import { describe, it } from 'vitest'
import { tellStory } from '#test/fakes/chat-story.ts'

describe('chat on a bad network', () => {
  it.each(Array.from({ length: 6 }, (_, seed) => [seed, seed % 2 === 1] as const))(
    'seed %i (sessions: %s): every message once, in order, the same on all devices',
    (seed, msrp) => tellStory(seed, msrp),
  )
})
