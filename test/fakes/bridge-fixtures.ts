/** Conversations for the fake bridge: long, strange, failing and in several scripts. */
import type { CallRecordView } from '#shared/model/calls.ts'
import type { AccountId, Aor, ConversationId, DeviceId, MessageId } from '#shared/model/ids.ts'
import type { AccountView, ContactView, ConversationView, MessageView } from '#shared/model/views.ts'

/** What a scenario starts from. */
export interface Fixture {
  accounts: AccountView[]
  contacts: ContactView[]
  conversations: ConversationView[]
  messages: Map<ConversationId, MessageView[]>
}

const minute = 60_000
const own = 'sip:alice@home.example' as Aor
/** The one account of most scenarios. */
export const accountId = 'AAAAAAAAAAAAAAAAAAAAAA' as AccountId

/** A conversation id made from a short name. */
export function conversationId(name: string): ConversationId {
  return name.padEnd(22, '_') as ConversationId
}

export const account: AccountView = {
  id: accountId,
  aor: own,
  displayName: 'Alice',
  enabled: true,
  transport: 'wss',
  server: 'wss://127.0.0.1:5443/sip',
  connection: { kind: 'registered' },
  identityHash: '4f3a9c1be07d5528a6c4f1907b2de8834f3a9c1be07d5528a6c4f1907b2de883',
  deviceId: 'DDDDDDDDDDDDDDDDDDDDDD' as DeviceId,
  paperSecret: 'confirmed',
  sendReceipts: true,
  sendTyping: true,
  callPolicy: 'zrtp-preferred',
  relay: null,
  hideAddress: 'strangers',
  echoContact: 'sip:echo@home.example' as Aor,
}

/** One line of a scripted conversation. */
const call = (over: Partial<CallRecordView>): { readonly call: CallRecordView } => ({
  call: { outcome: 'answered', video: false, durationMs: 0, readers: 'only-us', ...over },
})

type Line = readonly [from: 'me' | 'them', text: string, extra?: Partial<MessageView>]

interface Script {
  readonly name: string
  readonly peer: string
  readonly title: string
  readonly lines: readonly Line[]
  readonly view?: Partial<ConversationView>
  /** Time between lines, ms. */
  readonly pace?: number
  /** Days before the others. */
  readonly daysAgo?: number
}

const scripts: readonly Script[] = [
  {
    name: 'bob',
    peer: 'bob@home.example',
    title: 'Bob Baker',
    pace: 4 * minute,
    lines: [
      ['them', 'Morning! Did the new build start on your machine?'],
      ['me', 'It did. First window after half a second, and the history was there.'],
      ['them', 'Good.'],
      [
        'them',
        'Then I only need the notes from yesterday. They are at https://notes.example.org/2026/11/19 (the long ones).',
      ],
      ['me', 'Reading them now'],
      [
        'me',
        'Two small things, otherwise fine:\n\n1. the third chapter repeats itself\n2. the figure wants a caption',
        { edited: true },
      ],
      ['them', '👍'],
      ['me', 'Lunch at one?', { deleted: true, text: '' }],
      ['me', 'Lunch at half past twelve?', { path: 'sip-message' }],
      ['them', 'Half past twelve is good. Same place?'],
      ['me', 'Same place.', { state: 'delivered' }],
    ],
    view: { unread: 0 },
  },
  {
    name: 'carol',
    peer: 'carol@voice.example.net',
    title: 'Carol Øvergård',
    lines: [
      ['me', 'The tickets are booked.'],
      ['them', 'Thank you! What do I owe you?'],
      ['them', 'And which platform?'],
      ['them', 'Never mind, found it: platform 7.'],
    ],
    view: { unread: 3 },
  },
  {
    name: 'frank',
    peer: 'frank@home.example',
    title: 'Frank Castell',
    lines: [
      ['them', '', call({ durationMs: 754_000 })],
      ['me', '', call({ durationMs: 3_723_000, video: true, readers: 'servers-could' })],
      ['me', '', call({ outcome: 'missed' })],
      ['me', 'You were away. Tomorrow?'],
      ['me', '', call({ outcome: 'busy' })],
      ['me', '', call({ outcome: 'failed' })],
      ['them', '', call({ outcome: 'declined', video: true })],
      ['them', '', call({ outcome: 'elsewhere' })],
      ['them', '', call({ outcome: 'missed', video: true })],
      ['them', '', call({ outcome: 'missed' })],
    ],
    view: { unread: 2 },
  },
  {
    name: 'dave',
    peer: 'dave@slow.example.com',
    title: 'Dave',
    lines: [
      ['them', 'Write when you are home.'],
      ['me', 'Home now.', { state: 'failed', failure: 'send-timed-out' }],
      ['me', 'And the keys are in the blue bowl.', { state: 'queued' }],
    ],
  },
  {
    name: 'scripts',
    peer: 'layla@home.example',
    title: 'ليلى حداد',
    lines: [
      ['them', 'مرحبا! هل وصلت الرسالة رقم 12 أمس؟'],
      ['me', 'Yes, it did: رسالة جميلة جدا'],
      ['them', '東京は雨です。明日は晴れるでしょう。'],
      ['me', 'สวัสดี — and greetings to 李雷 🎉'],
      ['them', '👩‍👩‍👧‍👦 🎂'],
      ['them', `Averylongwordwithoutanybreak${'k'.repeat(300)}`],
      ['them', 'safe \u2066text\u2069 <b>not bold</b> <script>alert(1)</script>'],
      ['them', 'The same id, other content', { conflicting: true }],
    ],
    view: { draft: 'I wanted to ask whether' },
  },
  {
    name: 'echo',
    peer: 'echo@home.example',
    title: 'echo',
    lines: [
      ['me', 'Is anybody there?'],
      ['them', 'Is anybody there?'],
    ],
    view: { muted: true },
  },
  {
    name: 'kept',
    peer: 'grete@home.example',
    title: 'Grete Lindqvist',
    // Below the others: their places are what tests of the list rely on.
    daysAgo: 6,
    lines: [
      ['them', 'The plan of the garden, as promised.', { reactions: [{ author: own, emojis: ['👍', '❤️'] }] }],
      [
        'them',
        '',
        { file: { name: 'Garden plan, second draft.pdf', mediaType: 'application/pdf', size: 482_113, stored: true } },
      ],
      [
        'me',
        '',
        { file: { name: 'IMG_2041.jpg', mediaType: 'image/jpeg', size: 3_204_992, stored: false }, bookmarked: true },
      ],
      ['them', 'The pond is on page 3: https://garden.example.org/pond', { bookmarked: true }],
      ['them', '', { timer: 86_400 }],
      ['me', '', { timer: 86_400 }],
      [
        'me',
        'The gate code is 4711.',
        {
          ...{ expiresAfter: 86_400, state: 'delivered' },
          reactions: [
            { author: own, emojis: ['🙏'] },
            { author: 'sip:grete@home.example' as Aor, emojis: ['🙏', '😂'] },
          ],
        },
      ],
      ['me', '', { timer: 0 }],
      ['them', '', { timer: 604_800 }],
    ],
    view: { timers: { own: 0, peer: 604_800 }, keepDays: 90 },
  },
  {
    name: 'archived',
    peer: 'old-choir@home.example',
    title: 'Old choir',
    lines: [['them', 'No rehearsal this winter.']],
    view: { archived: true },
  },
  {
    name: 'stranger',
    peer: 'k.maier@unknown.example.org',
    title: 'K. Maier',
    lines: [['them', 'Hello, I got your address from Bob. Do you have a minute for a question about the choir?']],
    view: { policy: 'pending', unread: 1, preview: '' },
  },
  {
    name: 'blocked',
    peer: 'offers@spam.example',
    title: 'Best Offers',
    lines: [['them', 'Only today']],
    view: { policy: 'blocked' },
  },
]

/** A message as the screen sees it. */
export function message(
  conversation: ConversationView,
  position: number,
  from: 'me' | 'them',
  over: Partial<MessageView>,
): MessageView {
  const at = over.sentAt ?? 0
  return {
    conversationId: conversation.id,
    key: `${conversation.peer} ${position}`,
    messageId: `m${position}` as MessageId,
    position,
    direction: from === 'me' ? 'outgoing' : 'incoming',
    author: from === 'me' ? own : conversation.peer,
    text: '',
    contentType: 'text/plain',
    sentAt: at,
    receivedAt: at,
    state: from === 'me' ? 'displayed' : 'delivered',
    path: 'msrp',
    edited: false,
    deleted: false,
    conflicting: false,
    authenticatedBy: 'server',
    bookmarked: false,
    ...over,
  }
}

function play(script: Script, endsAt: number): { conversation: ConversationView; messages: MessageView[] } {
  const pace = script.pace ?? 2 * minute
  const base: ConversationView = {
    id: conversationId(script.name),
    accountId,
    peer: `sip:${script.peer}` as Aor,
    name: script.title,
    policy: 'accepted',
    preview: '',
    previewDirection: 'none',
    previewState: 'none',
    lastAt: endsAt,
    unread: 0,
    draft: '',
    ...{ muted: false, pinned: false, archived: false, keepDays: null, timers: { own: 0, peer: 0 } },
  }
  const messages = script.lines.map(([from, text, extra], index) =>
    message(base, (index + 1) * 10, from, {
      text,
      sentAt: endsAt - (script.lines.length - 1 - index) * pace,
      ...extra,
    }),
  )
  return { conversation: { ...preview(base, messages.at(-1)), ...script.view }, messages }
}

/** The conversation with its newest message in the list. */
export function preview(conversation: ConversationView, last: MessageView | undefined): ConversationView {
  if (last === undefined) return conversation
  const own = last.direction === 'outgoing'
  const { previewCall: _call, previewTimer: _timer, ...plain } = conversation
  return {
    ...plain,
    ...(last.call === undefined ? {} : { previewCall: last.call }),
    ...(last.timer === undefined ? {} : { previewTimer: last.timer }),
    preview: conversation.policy === 'pending' ? '' : (last.file?.name ?? last.text),
    previewDirection: own ? 'outgoing' : 'incoming',
    previewState: own ? last.state : 'none',
    lastAt: last.receivedAt,
  }
}

const words = 'river lantern copper violin mango window morning letter garden station quiet number'.split(' ')

/** A conversation of `count` messages over three years, whose texts can be searched. */
function longConversation(count: number, endsAt: number): { conversation: ConversationView; messages: MessageView[] } {
  const { conversation } = play(
    { name: 'long', peer: 'erin@home.example', title: 'Erin, since 2023', lines: [] },
    endsAt - 3 * 24 * 60 * minute,
  )
  const messages = Array.from({ length: count }, (_, index) => {
    const text = Array.from(
      { length: 3 + (index % 9) },
      (_unused, at) => words[(index * 7 + at * at) % words.length],
    ).join(' ')
    const sentAt = conversation.lastAt - (count - 1 - index) * 15 * minute
    return message(conversation, index + 1, index % 3 === 0 ? 'me' : 'them', { text: `${index + 1}: ${text}`, sentAt })
  })
  return { conversation: preview(conversation, messages.at(-1)), messages }
}

/** Everything at once: what the screens are looked at with. */
export function fullFixture(now: number, longCount: number): Fixture {
  const day = 24 * 60 * minute
  const played = scripts.map((script, index) =>
    play(script, now - (script.daysAgo ?? 0) * day - index * 7 * 60 * minute - 12 * minute),
  )
  played.push(longConversation(longCount, now - day))
  // A name of one megabyte reaches the screen cleaned and cut by main; what is left may still be long.
  const shouting = play(
    { name: 'loud', peer: `${'x'.repeat(60)}@loud.example`, title: 'W'.repeat(80), lines: [['them', 'hi']] },
    now - 5 * day,
  )
  played.push(shouting)
  const contacts = played.map(({ conversation }): ContactView => ({
    accountId,
    aor: conversation.peer,
    name: conversation.name,
    nameSource: conversation.id === conversationId('bob') ? 'user' : 'peer',
    note: conversation.id === conversationId('bob') ? 'Met at the choir. Brings his own tea.' : '',
    trust: 'unverified',
    policy: conversation.policy,
    callPolicy: null,
    addedAt: now - 300 * day,
  }))
  return {
    accounts: [account],
    contacts,
    conversations: played.map(({ conversation }) => conversation),
    messages: new Map(played.map(({ conversation, messages }) => [conversation.id, messages])),
  }
}

/** A profile with an account and nothing else. */
export function emptyFixture(): Fixture {
  return { accounts: [account], contacts: [], conversations: [], messages: new Map() }
}
