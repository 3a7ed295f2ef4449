import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { hasBridge } from './bridge/client.ts'
import { resolveLanguage, startI18n } from './i18n/i18n.ts'
import { startMedia } from './start-media.ts'
import { startStores } from './stores/app-store.ts'
import './styles/app.css'

startI18n(resolveLanguage('system', navigator.languages))
if (hasBridge()) {
  for (const stop of [startStores(), startMedia()]) window.addEventListener('pagehide', stop)
}

// Files dropped on the window must not replace it.
for (const kind of ['dragover', 'drop']) window.addEventListener(kind, (event) => event.preventDefault())

const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
