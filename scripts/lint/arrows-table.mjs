/**
 * Which part of the tree may import which (design: import arrows). The first matching `from` row counts; a part may always
 * import itself. `packages` lists the npm packages that have one home each.
 */
export const parts = [
  ['shared/bridge', 'src/shared/bridge/'],
  ['shared', 'src/shared/'],
  ['protocol/sip', 'src/protocol/sip/'],
  ['protocol/sdp', 'src/protocol/sdp/'],
  ['protocol/msrp', 'src/protocol/msrp/'],
  ['protocol/cpim', 'src/protocol/cpim/'],
  ['main/compose', 'src/main/compose.ts'],
  ['main/entry', 'src/main/main.ts'],
  ['main/window', 'src/main/window/'],
  ['main/bridge', 'src/main/bridge/'],
  ['main/signalling-port', 'src/main/accounts/signalling-port.ts'],
  ['main/accounts', 'src/main/accounts/'],
  ['main/identity', 'src/main/identity/'],
  ['main/contacts', 'src/main/contacts/'],
  ['main/chat', 'src/main/chat/'],
  ['main/history', 'src/main/history/'],
  ['main/home', 'src/main/home/'],
  ['main/keys', 'src/main/keys/'],
  ['main/settings', 'src/main/settings/'],
  ['main/platform', 'src/main/platform/'],
  ['main/workers', 'src/main/workers/'],
  ['preload', 'src/preload/'],
  ['renderer/bridge', 'src/renderer/bridge/'],
  ['renderer/stores', 'src/renderer/stores/'],
  ['renderer/features', 'src/renderer/features/'],
  ['renderer/ui', 'src/renderer/ui/'],
  ['renderer/i18n', 'src/renderer/i18n/'],
  ['renderer/media', 'src/renderer/media/'],
  ['renderer', 'src/renderer/'],
  ['server', 'src/server/'],
  ['chromium-host', 'src/chromium-host/'],
]

const protocols = ['protocol/sip', 'protocol/sdp', 'protocol/msrp', 'protocol/cpim']
const shared = ['shared', 'shared/bridge']
const mainBase = [...shared, ...protocols, 'main/history', 'main/keys', 'main/platform', 'main/signalling-port']

export const arrows = {
  shared: [],
  'shared/bridge': ['shared'],
  'protocol/sip': ['shared'],
  'protocol/sdp': ['shared'],
  'protocol/msrp': ['shared'],
  'protocol/cpim': ['shared'],
  'main/platform': shared,
  'main/keys': [...shared, 'main/platform'],
  'main/history': [...shared, 'main/platform'],
  'main/signalling-port': shared,
  'main/home': [...shared, 'main/platform', 'main/keys'],
  'main/identity': mainBase,
  'main/contacts': mainBase,
  'main/accounts': mainBase,
  'main/settings': shared,
  'main/chat': mainBase,
  'main/window': [...shared, 'main/platform'],
  'main/bridge': [
    ...mainBase,
    'main/accounts',
    'main/identity',
    'main/contacts',
    'main/chat',
    'main/settings',
    'main/window',
  ],
  // A worker entry is a compose of its own.
  'main/workers': [...mainBase, 'main/accounts', 'main/chat'],
  'main/compose': 'all main',
  'main/entry': 'all main',
  preload: ['shared/bridge'],
  'renderer/bridge': shared,
  'renderer/media': shared,
  'renderer/i18n': shared,
  'renderer/ui': ['renderer/i18n'],
  'renderer/stores': [...shared, 'renderer/bridge'],
  'renderer/features': [...shared, 'renderer/stores', 'renderer/ui', 'renderer/media', 'renderer/i18n'],
  renderer: 'all renderer',
  server: [...shared, ...protocols],
  'chromium-host': [],
}

/** Packages with one home: importing them anywhere else is an error. */
export const packageHomes = {
  electron: ['src/main/window/', 'src/main/platform/', 'src/main/main.ts', 'src/preload/', 'src/chromium-host/'],
  jssip: ['src/protocol/sip/user-agent/'],
  'better-sqlite3': ['src/main/history/', 'src/server/'],
  ws: ['src/main/platform/', 'src/server/', 'src/chromium-host/'],
  zustand: ['src/renderer/stores/'],
  'hash-wasm': ['src/main/keys/'],
  fastify: ['src/server/'],
  cborg: ['src/shared/model/'],
  saxes: ['src/protocol/cpim/'],
  'sdp-transform': ['src/protocol/sdp/'],
}
