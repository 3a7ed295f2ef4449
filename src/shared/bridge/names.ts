import type { BridgeName } from './table.ts'

/** IPC channel of every call but the secret ones: `invoke` with `{ name, args }`. */
export const callChannel = 'sotto:call'
/** IPC channel of the calls that carry a typed or shown secret; same shape as {@link callChannel}. */
export const secretChannel = 'sotto:secret'
/** IPC channel of facts announced by main: `{ name, payload }`. */
export const eventChannel = 'sotto:event'

/** The rows whose `secret` is set, by name, for code that must not bundle the schemas (a test compares with the table). */
export const secretBridgeNames = [
  'keys.createProfile',
  'keys.unlock',
  'keys.setPassphrase',
  'keys.addPaperSecret',
  'identity.showPaperSecret',
  'identity.confirmPaperSecret',
  'accounts.add',
  'accounts.createLocal',
  'accounts.setRelayPassword',
  'accounts.changePassword',
] as const satisfies readonly BridgeName[]

/** The other rows of the table, by name. */
export const plainBridgeNames = [
  'app.view',
  'app.quit',
  'app.activity',
  'app.openLink',
  'app.lock',
  'app.stayOpen',
  'keys.setKeychain',
  'keys.removePaperSecret',
  'accounts.list',
  'accounts.update',
  'accounts.remove',
  'accounts.reconnect',
  'accounts.trustCertificate',
  'contacts.list',
  'contacts.get',
  'contacts.update',
  'contacts.setPolicy',
  'conversations.list',
  'conversations.start',
  'conversations.setDraft',
  'conversations.markRead',
  'conversations.setMuted',
  'messages.page',
  'messages.send',
  'messages.edit',
  'messages.delete',
  'messages.retry',
  'messages.typing',
  'search.query',
  'settings.get',
  'settings.set',
  'settings.storage',
  'settings.privacyTable',
  'calls.list',
  'calls.place',
  'calls.accept',
  'calls.decline',
  'calls.end',
  'calls.setHeld',
  'calls.setMuted',
  'calls.setCamera',
  'calls.sendDigit',
  'calls.transfer',
  'calls.connect',
  'calls.declineReferral',
  'calls.compared',
  'calls.devices',
  'calls.renameDevice',
  'calls.forgetComparison',
  'calls.dismiss',
  'calls.network',
  'media.ready',
  'media.offer',
  'media.failed',
  'media.connected',
  'home.invite',
] as const satisfies readonly BridgeName[]
