// Installs what is missing and builds, without opening anything.
import { ensureBuild } from './lib/build.mjs'
import { ensureHost } from './lib/host.mjs'
import { ensurePackages, nodePath } from './lib/packages.mjs'

ensurePackages()
const node = nodePath()
ensureHost('chromium')
ensureBuild(node)
