import * as codec from './codec.ts'
import * as crossing from './crossing.ts'
import * as ipcRenderer from './ipc-renderer.ts'
import * as isolatedWorld from './isolated-world.ts'
import * as mainWorld from './main-world.ts'
import * as shortcuts from './shortcuts.ts'

function sourceOf(...modules: readonly object[]): string {
  return modules
    .flatMap((module) => Object.values(module) as unknown[])
    .filter((part) => typeof part === 'function')
    .map((part) => String(part))
    .join('\n')
}

/** The script for the page's own world. */
export function mainWorldScript(handshake: string): string {
  return `(()=>{'use strict';${sourceOf(crossing, mainWorld)}\nrunMainWorld(${JSON.stringify(handshake)})})()`
}

/** The script for the preload's world, around the app's preload (CommonJS source). */
export function isolatedWorldScript(config: isolatedWorld.IsolatedConfig, preload: string): string {
  const parts = sourceOf(codec, crossing, ipcRenderer, mainWorld, shortcuts, isolatedWorld)
  const wrapped = `(function(require,module,exports,process,global=globalThis){${preload}\n})`
  return `(()=>{'use strict';${parts}\nrunIsolatedWorld(${JSON.stringify(config)},${wrapped})})()`
}
