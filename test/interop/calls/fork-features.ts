/** Kamailio forks our call to two phones of one user: both ring, one is answered. */
import { pause, waitUntil } from '../peers.ts'
import { countWords, hear } from './ears.ts'
import { sameLetters, type Feature } from './features.ts'
import { pageVoice } from './page-engine.ts'
import { phoneVoice, type RealPhone } from './phone.ts'
import type { PhoneKind, Scene } from './scene.ts'

const user = 'carol'
const talkMs = 4_000
/** Words of the last seconds that show that sound comes. */
const stillHeard = 2

interface ForkedCall {
  readonly answers: PhoneKind
  readonly other: PhoneKind
  /** Both send a description with their ringing. */
  readonly early: boolean
}

const forkedCalls: readonly ForkedCall[] = [
  { answers: 'linphone', other: 'linphone', early: false },
  { answers: 'linphone', other: 'linphone', early: true },
  { answers: 'linphone', other: 'baresip', early: true },
  { answers: 'baresip', other: 'linphone', early: true },
]

export const forkFeatures: readonly Feature[] = forkedCalls.map((call) => ({
  name: `forked ${call.early ? 'early' : 'ringing'} ${call.answers}, not ${call.other}`,
  run: (scene) => forked(scene, call),
}))

async function forked(scene: Scene, { answers, other, early }: ForkedCall): Promise<void> {
  const join = (kind: PhoneKind): Promise<RealPhone> =>
    scene.phone(kind, { user, early, keys: kind === 'linphone' ? 'zrtp' : 'none' })
  const loser = await join(other)
  const winner = await join(answers)
  const caller = await scene.caller({ policy: answers === 'linphone' ? 'zrtp-preferred' : 'any' })
  const callId = await caller.call(winner.aor)
  await loser.rings()
  const answered = winner.answer()
  await waitUntil(() => caller.view(callId)?.phase === 'ringing', 'it rings there')
  if (early) await waitUntil(() => caller.view(callId)?.earlyMedia === true, 'there is early media')
  await answered
  await caller.talking(callId)
  if (answers === 'linphone') await sameLetters(caller, callId, winner)
  await waitUntil(() => /^CANCEL /m.test(loser.log()), 'the other phone is told that it is over')
  await hear(scene.engine, phoneVoice, (await scene.engine.recording()).length)
  await pause(talkMs)
  await caller.calls.end({ callId })
  const words = await countWords(pageVoice, (await winner.recording()).slice(-8_000 * (talkMs / 1_000)))
  if (words < stillHeard) throw new Error(`at the end the phone heard ${words} words of ours`)
  if (loser.log().includes('to LinphoneCallConnected')) throw new Error('the other phone was connected')
}
