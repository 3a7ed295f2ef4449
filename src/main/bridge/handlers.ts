import type { BridgeName, BridgeParsedArgs, BridgeResult } from '#shared/bridge/table.ts'
import type { AppView, SettingsView } from '#shared/model/views.ts'
import type { BridgeHandlers } from './dispatcher.ts'

/** A feature's method that answers one row of the bridge table. */
export type Answer<N extends BridgeName> = (args: BridgeParsedArgs<N>) => Promise<BridgeResult<N>> | BridgeResult<N>

/** Rows that work in every phase. */
export interface ProgramAnswers {
  view(): AppView
  createProfile: Answer<'keys.createProfile'>
  unlock: Answer<'keys.unlock'>
  quit(): void
  lock: Answer<'app.lock'>
  stayOpen(): void
  /** What rings while Sotto is locked. */
  readonly lockedCalls: { list: Answer<'calls.list'>; decline: Answer<'calls.decline'> }
  openLink: Answer<'app.openLink'>
  privacyTable: Answer<'settings.privacyTable'>
  eraseProfile: Answer<'profile.erase'>
  erased: Answer<'profile.erased'>
  finishErasing: Answer<'profile.finishErasing'>
  /** Settings while the history is closed: the last ones, at first the defaults. */
  lockedSettings(): SettingsView
}

/** Rows that need the history open. */
export interface SessionAnswers {
  readonly accounts: {
    list: Answer<'accounts.list'>
    add: Answer<'accounts.add'>
    createLocal: Answer<'accounts.createLocal'>
    update: Answer<'accounts.update'>
    setRelayPassword: Answer<'accounts.setRelayPassword'>
    changePassword: Answer<'accounts.changePassword'>
    remove: Answer<'accounts.remove'>
    reconnect: Answer<'accounts.reconnect'>
    trustCertificate: Answer<'accounts.trustCertificate'>
  }
  readonly identity: {
    showPaperSecret: Answer<'identity.showPaperSecret'>
    confirmPaperSecret: Answer<'identity.confirmPaperSecret'>
  }
  readonly keys: {
    setPassphrase: Answer<'keys.setPassphrase'>
    setKeychain: Answer<'keys.setKeychain'>
    addPaperSecret: Answer<'keys.addPaperSecret'>
    removePaperSecret: Answer<'keys.removePaperSecret'>
  }
  readonly contacts: {
    list: Answer<'contacts.list'>
    get: Answer<'contacts.get'>
    update: Answer<'contacts.update'>
    setPolicy: Answer<'contacts.setPolicy'>
  }
  readonly conversations: {
    list: Answer<'conversations.list'>
    start: Answer<'conversations.start'>
    setDraft: Answer<'conversations.setDraft'>
    markRead: Answer<'conversations.markRead'>
    setMuted: Answer<'conversations.setMuted'>
    setPinned: Answer<'conversations.setPinned'>
    setArchived: Answer<'conversations.setArchived'>
    setKeepDays: Answer<'conversations.setKeepDays'>
    setTimer: Answer<'conversations.setTimer'>
    erase: Answer<'conversations.erase'>
  }
  readonly messages: {
    page: Answer<'messages.page'>
    send: Answer<'messages.send'>
    edit: Answer<'messages.edit'>
    delete: Answer<'messages.delete'>
    remove: Answer<'messages.remove'>
    setBookmarked: Answer<'messages.setBookmarked'>
    react: Answer<'messages.react'>
    retry: Answer<'messages.retry'>
    typing: Answer<'messages.typing'>
  }
  readonly calls: {
    list: Answer<'calls.list'>
    place: Answer<'calls.place'>
    accept: Answer<'calls.accept'>
    decline: Answer<'calls.decline'>
    end: Answer<'calls.end'>
    setHeld: Answer<'calls.setHeld'>
    setMuted: Answer<'calls.setMuted'>
    setCamera: Answer<'calls.setCamera'>
    sendDigit: Answer<'calls.sendDigit'>
    transfer: Answer<'calls.transfer'>
    connect: Answer<'calls.connect'>
    declineReferral: Answer<'calls.declineReferral'>
    compared: Answer<'calls.compared'>
    dismiss: Answer<'calls.dismiss'>
    network: Answer<'calls.network'>
  }
  readonly callDevices: {
    list: Answer<'calls.devices'>
    comparedElsewhere: Answer<'calls.comparedElsewhere'>
    rename: Answer<'calls.renameDevice'>
    forgetComparison: Answer<'calls.forgetComparison'>
  }
  readonly media: {
    ready: Answer<'media.ready'>
    offer: Answer<'media.offer'>
    failed: Answer<'media.failed'>
    connected: Answer<'media.connected'>
  }
  readonly search: {
    query: Answer<'search.query'>
    saved: Answer<'search.saved'>
    save: Answer<'search.save'>
    forget: Answer<'search.forget'>
  }
  readonly settings: {
    get: Answer<'settings.get'>
    set: Answer<'settings.set'>
    storage: Answer<'settings.storage'>
  }
  readonly holdings: {
    view: Answer<'holdings.view'>
    server: Answer<'holdings.server'>
    eraseAccount: Answer<'holdings.eraseAccount'>
    /** Before everything is erased here. */
    closeAccounts(): Promise<void>
  }
  readonly files: {
    save: Answer<'files.save'>
    cancel: Answer<'files.cancelSaving'>
    reveal: Answer<'files.reveal'>
  }
  readonly archive: {
    exportSealed: Answer<'archive.exportSealed'>
    exportReadable: Answer<'archive.exportReadable'>
    choose: Answer<'archive.choose'>
    verify: Answer<'archive.verify'>
    apply: Answer<'archive.import'>
    cancel: Answer<'archive.cancel'>
    reveal: Answer<'archive.reveal'>
  }
  readonly home: { invite: Answer<'home.invite'> }
  readonly replication: {
    list: Answer<'replication.list'>
    switchOn: Answer<'replication.switchOn'>
    askErasure: Answer<'replication.askErasure'>
    keepHistory: Answer<'replication.keepHistory'>
    switchOff: Answer<'replication.switchOff'>
    serverCopy: Answer<'replication.serverCopy'>
    syncNow: Answer<'replication.syncNow'>
    pause: Answer<'replication.pause'>
    dismissFault: Answer<'replication.dismissFault'>
    rejoin: Answer<'replication.rejoin'>
    rename: Answer<'devices.rename'>
    revoke: Answer<'devices.revoke'>
    pickBranch: Answer<'devices.pickBranch'>
  }
  readonly linking: {
    view: Answer<'linking.view'>
    begin: Answer<'linking.begin'>
    readQr: Answer<'linking.readQr'>
    enterCode: Answer<'linking.enterCode'>
    confirm: Answer<'linking.confirm'>
    cancel: Answer<'linking.cancel'>
    stopTransfer: Answer<'linking.stopTransfer'>
  }
  readonly restore: { begin: Answer<'restore.begin'>; cancel: Answer<'restore.cancel'> }
  activity: Answer<'app.activity'>
}

type Session = () => SessionAnswers

function programRows(
  program: ProgramAnswers,
  session: Session,
): Pick<
  BridgeHandlers,
  | 'app.view'
  | 'app.quit'
  | 'app.activity'
  | 'app.openLink'
  | 'app.lock'
  | 'app.stayOpen'
  | Extract<BridgeName, `keys.${string}`>
> {
  return {
    'app.view': () => program.view(),
    'app.quit': () => program.quit(),
    'app.activity': (args) => session().activity(args),
    'app.openLink': (args) => program.openLink(args),
    'app.lock': (args) => program.lock(args),
    'app.stayOpen': () => program.stayOpen(),
    'keys.createProfile': (args) => program.createProfile(args),
    'keys.unlock': (args) => program.unlock(args),
    'keys.setPassphrase': (args) => session().keys.setPassphrase(args),
    'keys.setKeychain': (args) => session().keys.setKeychain(args),
    'keys.addPaperSecret': (args) => session().keys.addPaperSecret(args),
    'keys.removePaperSecret': (args) => session().keys.removePaperSecret(args),
  }
}

function accountRows(
  session: Session,
): Pick<BridgeHandlers, Extract<BridgeName, `accounts.${string}` | `identity.${string}` | `home.${string}`>> {
  return {
    'identity.showPaperSecret': (args) => session().identity.showPaperSecret(args),
    'identity.confirmPaperSecret': (args) => session().identity.confirmPaperSecret(args),
    'accounts.list': (args) => session().accounts.list(args),
    'accounts.add': (args) => session().accounts.add(args),
    'accounts.createLocal': (args) => session().accounts.createLocal(args),
    'accounts.update': (args) => session().accounts.update(args),
    'accounts.setRelayPassword': (args) => session().accounts.setRelayPassword(args),
    'accounts.changePassword': (args) => session().accounts.changePassword(args),
    'accounts.remove': (args) => session().accounts.remove(args),
    'accounts.reconnect': (args) => session().accounts.reconnect(args),
    'accounts.trustCertificate': (args) => session().accounts.trustCertificate(args),
    'home.invite': (args) => session().home.invite(args),
  }
}

function chatRows(
  session: Session,
): Pick<
  BridgeHandlers,
  Extract<BridgeName, `contacts.${string}` | `conversations.${string}` | `messages.${string}` | `search.${string}`>
> {
  return {
    'contacts.list': (args) => session().contacts.list(args),
    'contacts.get': (args) => session().contacts.get(args),
    'contacts.update': (args) => session().contacts.update(args),
    'contacts.setPolicy': (args) => session().contacts.setPolicy(args),
    'conversations.list': (args) => session().conversations.list(args),
    'conversations.start': (args) => session().conversations.start(args),
    'conversations.setDraft': (args) => session().conversations.setDraft(args),
    'conversations.markRead': (args) => session().conversations.markRead(args),
    'conversations.setMuted': (args) => session().conversations.setMuted(args),
    'conversations.setPinned': (args) => session().conversations.setPinned(args),
    'conversations.setArchived': (args) => session().conversations.setArchived(args),
    'conversations.setKeepDays': (args) => session().conversations.setKeepDays(args),
    'conversations.setTimer': (args) => session().conversations.setTimer(args),
    'conversations.erase': (args) => session().conversations.erase(args),
    'messages.page': (args) => session().messages.page(args),
    'messages.send': (args) => session().messages.send(args),
    'messages.edit': (args) => session().messages.edit(args),
    'messages.delete': (args) => session().messages.delete(args),
    'messages.remove': (args) => session().messages.remove(args),
    'messages.setBookmarked': (args) => session().messages.setBookmarked(args),
    'messages.react': (args) => session().messages.react(args),
    'messages.retry': (args) => session().messages.retry(args),
    'messages.typing': (args) => session().messages.typing(args),
    'search.query': (args) => session().search.query(args),
    'search.saved': (args) => session().search.saved(args),
    'search.save': (args) => session().search.save(args),
    'search.forget': (args) => session().search.forget(args),
  }
}

function callRows(
  program: ProgramAnswers,
  session: Session,
): Pick<BridgeHandlers, Extract<BridgeName, `calls.${string}` | `media.${string}`>> {
  const calls = (): ProgramAnswers['lockedCalls'] =>
    program.view().phase === 'locked' ? program.lockedCalls : session().calls
  return {
    'calls.list': (args) => calls().list(args),
    'calls.place': (args) => session().calls.place(args),
    'calls.accept': (args) => session().calls.accept(args),
    'calls.decline': (args) => calls().decline(args),
    'calls.end': (args) => session().calls.end(args),
    'calls.setHeld': (args) => session().calls.setHeld(args),
    'calls.setMuted': (args) => session().calls.setMuted(args),
    'calls.setCamera': (args) => session().calls.setCamera(args),
    'calls.sendDigit': (args) => session().calls.sendDigit(args),
    'calls.transfer': (args) => session().calls.transfer(args),
    'calls.connect': (args) => session().calls.connect(args),
    'calls.declineReferral': (args) => session().calls.declineReferral(args),
    'calls.compared': (args) => session().calls.compared(args),
    'calls.devices': (args) => session().callDevices.list(args),
    'calls.comparedElsewhere': (args) => session().callDevices.comparedElsewhere(args),
    'calls.renameDevice': (args) => session().callDevices.rename(args),
    'calls.forgetComparison': (args) => session().callDevices.forgetComparison(args),
    'calls.dismiss': (args) => session().calls.dismiss(args),
    'calls.network': (args) => session().calls.network(args),
    'media.ready': (args) => session().media.ready(args),
    'media.offer': (args) => session().media.offer(args),
    'media.failed': (args) => session().media.failed(args),
    'media.connected': (args) => session().media.connected(args),
  }
}

function archiveRows(
  session: Session,
): Pick<BridgeHandlers, Extract<BridgeName, `archive.${string}` | `files.${string}`>> {
  return {
    'files.save': (args) => session().files.save(args),
    'files.cancelSaving': (args) => session().files.cancel(args),
    'files.reveal': (args) => session().files.reveal(args),
    'archive.exportSealed': (args) => session().archive.exportSealed(args),
    'archive.exportReadable': (args) => session().archive.exportReadable(args),
    'archive.choose': (args) => session().archive.choose(args),
    'archive.verify': (args) => session().archive.verify(args),
    'archive.import': (args) => session().archive.apply(args),
    'archive.cancel': (args) => session().archive.cancel(args),
    'archive.reveal': (args) => session().archive.reveal(args),
  }
}

function settingRows(
  program: ProgramAnswers,
  session: Session,
): Pick<BridgeHandlers, Extract<BridgeName, `settings.${string}`>> {
  return {
    'settings.get': (args) =>
      program.view().phase === 'ready' ? session().settings.get(args) : program.lockedSettings(),
    'settings.set': (args) => session().settings.set(args),
    'settings.storage': (args) => session().settings.storage(args),
    'settings.privacyTable': (args) => program.privacyTable(args),
  }
}

function holdingRows(
  program: ProgramAnswers,
  session: Session,
): Pick<BridgeHandlers, Extract<BridgeName, `holdings.${string}` | `profile.${string}`>> {
  return {
    'holdings.view': (args) => session().holdings.view(args),
    'holdings.server': (args) => session().holdings.server(args),
    'holdings.eraseAccount': (args) => session().holdings.eraseAccount(args),
    'profile.erase': (args) => program.eraseProfile(args),
    'profile.erased': (args) => program.erased(args),
    'profile.finishErasing': (args) => program.finishErasing(args),
  }
}

function replicationRows(
  session: Session,
): Pick<
  BridgeHandlers,
  Extract<BridgeName, `replication.${string}` | `devices.${string}` | `linking.${string}` | `restore.${string}`>
> {
  return {
    'replication.list': (args) => session().replication.list(args),
    'replication.switchOn': (args) => session().replication.switchOn(args),
    'replication.askErasure': (args) => session().replication.askErasure(args),
    'replication.keepHistory': (args) => session().replication.keepHistory(args),
    'replication.switchOff': (args) => session().replication.switchOff(args),
    'replication.serverCopy': (args) => session().replication.serverCopy(args),
    'replication.syncNow': (args) => session().replication.syncNow(args),
    'replication.pause': (args) => session().replication.pause(args),
    'replication.dismissFault': (args) => session().replication.dismissFault(args),
    'replication.rejoin': (args) => session().replication.rejoin(args),
    'devices.rename': (args) => session().replication.rename(args),
    'devices.revoke': (args) => session().replication.revoke(args),
    'devices.pickBranch': (args) => session().replication.pickBranch(args),
    'linking.view': (args) => session().linking.view(args),
    'linking.begin': (args) => session().linking.begin(args),
    'linking.readQr': (args) => session().linking.readQr(args),
    'linking.enterCode': (args) => session().linking.enterCode(args),
    'linking.confirm': (args) => session().linking.confirm(args),
    'linking.cancel': (args) => session().linking.cancel(args),
    'linking.stopTransfer': (args) => session().linking.stopTransfer(args),
    'restore.begin': (args) => session().restore.begin(args),
    'restore.cancel': (args) => session().restore.cancel(args),
  }
}

/** Every row of the table with the feature that answers it; `session` throws `locked` while there is none. */
export function bridgeHandlers(program: ProgramAnswers, session: Session): BridgeHandlers {
  return {
    ...programRows(program, session),
    ...accountRows(session),
    ...chatRows(session),
    ...callRows(program, session),
    ...archiveRows(session),
    ...settingRows(program, session),
    ...holdingRows(program, session),
    ...replicationRows(session),
  }
}
