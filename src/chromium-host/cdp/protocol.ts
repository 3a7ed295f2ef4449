/** The commands and events of the Chrome DevTools Protocol this host uses, and no others. */

export interface TargetDescription {
  readonly targetId: string
  readonly type: string
  readonly url: string
  readonly openerId?: string
}

export interface RemoteObject {
  readonly type: string
  readonly subtype?: string
  readonly value?: unknown
  readonly objectId?: string
  readonly description?: string
}

export interface EvaluateResult {
  readonly result: RemoteObject
  readonly exceptionDetails?: { readonly text: string; readonly exception?: RemoteObject }
}

export interface WindowPlace {
  readonly left?: number
  readonly top?: number
  readonly width?: number
  readonly height?: number
  readonly windowState?: 'normal' | 'minimized' | 'maximized' | 'fullscreen'
}

interface Header {
  readonly name: string
  readonly value: string
}

type Nothing = Record<string, never>

export interface CdpCommands {
  'Browser.getVersion': { params: Nothing; result: { product: string } }
  'Browser.close': { params: Nothing; result: Nothing }
  'Browser.setPermission': {
    params: { permission: { name: string }; setting: 'granted' | 'denied' | 'prompt'; origin?: string }
    result: Nothing
  }
  'Browser.setDownloadBehavior': { params: { behavior: 'deny' }; result: Nothing }
  'Browser.getWindowForTarget': { params: { targetId: string }; result: { windowId: number; bounds: WindowPlace } }
  'Browser.setWindowBounds': { params: { windowId: number; bounds: WindowPlace }; result: Nothing }
  'Target.setAutoAttach': {
    params: {
      autoAttach: boolean
      waitForDebuggerOnStart: boolean
      flatten: boolean
      filter?: readonly { type?: string; exclude?: boolean }[]
    }
    result: Nothing
  }
  'Target.createTarget': {
    params: { url: string; newWindow: boolean; width: number; height: number; background?: boolean }
    result: { targetId: string }
  }
  'Target.closeTarget': { params: { targetId: string }; result: { success: boolean } }
  'Target.detachFromTarget': { params: { sessionId: string }; result: Nothing }
  'Page.enable': { params: Nothing; result: Nothing }
  'Page.setLifecycleEventsEnabled': { params: { enabled: boolean }; result: Nothing }
  'Page.addScriptToEvaluateOnNewDocument': {
    params: { source: string; worldName?: string }
    result: { identifier: string }
  }
  'Page.navigate': { params: { url: string }; result: { frameId: string; errorText?: string } }
  'Page.reload': { params: { ignoreCache?: boolean }; result: Nothing }
  'Page.resetNavigationHistory': { params: Nothing; result: Nothing }
  'Page.bringToFront': { params: Nothing; result: Nothing }
  'Page.close': { params: Nothing; result: Nothing }
  'Page.captureScreenshot': { params: { format: 'png' }; result: { data: string } }
  'Page.handleJavaScriptDialog': { params: { accept: boolean }; result: Nothing }
  'Runtime.enable': { params: Nothing; result: Nothing }
  'Runtime.addBinding': { params: { name: string; executionContextName: string }; result: Nothing }
  'Runtime.runIfWaitingForDebugger': { params: Nothing; result: Nothing }
  'Runtime.evaluate': {
    params: {
      expression: string
      contextId?: number
      awaitPromise?: boolean
      returnByValue?: boolean
      userGesture?: boolean
      silent?: boolean
    }
    result: EvaluateResult
  }
  'Runtime.callFunctionOn': {
    params: {
      functionDeclaration: string
      objectId: string
      arguments?: readonly { value?: unknown; objectId?: string }[]
      returnByValue?: boolean
      silent?: boolean
    }
    result: EvaluateResult
  }
  'Runtime.releaseObject': { params: { objectId: string }; result: Nothing }
  'Inspector.enable': { params: Nothing; result: Nothing }
  'Fetch.enable': { params: { patterns: readonly { urlPattern: string }[] }; result: Nothing }
  'Fetch.fulfillRequest': {
    params: { requestId: string; responseCode: number; responseHeaders: readonly Header[]; body?: string }
    result: Nothing
  }
  'Fetch.failRequest': { params: { requestId: string; errorReason: string }; result: Nothing }
  'Fetch.continueRequest': { params: { requestId: string }; result: Nothing }
  'Emulation.setEmulatedMedia': {
    params: { features: readonly { name: string; value: string }[] }
    result: Nothing
  }
  'DOM.getFileInfo': { params: { objectId: string }; result: { path: string } }
}

export type CdpMethod = keyof CdpCommands

export interface PausedRequest {
  readonly requestId: string
  readonly frameId: string
  readonly resourceType: string
  readonly request: {
    readonly url: string
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly hasPostData?: boolean
    readonly postData?: string
  }
}

export interface CdpEvents {
  'Target.attachedToTarget': { sessionId: string; targetInfo: TargetDescription; waitingForDebugger: boolean }
  'Target.detachedFromTarget': { sessionId: string }
  'Runtime.executionContextCreated': {
    context: { id: number; name: string; origin: string; auxData?: { frameId?: string } }
  }
  'Runtime.executionContextDestroyed': { executionContextId: number }
  'Runtime.executionContextsCleared': Nothing
  'Runtime.bindingCalled': { name: string; payload: string; executionContextId: number }
  'Page.loadEventFired': { timestamp: number }
  'Page.domContentEventFired': { timestamp: number }
  'Page.lifecycleEvent': { frameId: string; name: string }
  'Page.frameNavigated': { frame: { id: string; parentId?: string; url: string } }
  'Page.navigatedWithinDocument': { frameId: string; url: string }
  'Page.javascriptDialogOpening': { type: 'alert' | 'confirm' | 'prompt' | 'beforeunload'; message: string }
  'Page.windowOpen': { url: string; windowName: string; userGesture: boolean }
  'Fetch.requestPaused': PausedRequest
  'Inspector.targetCrashed': Nothing
}

/** One event, discriminated by its method. */
export type CdpEvent = {
  [M in keyof CdpEvents]: { readonly method: M; readonly params: CdpEvents[M] }
}[keyof CdpEvents]
