import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { resolve } from 'node:path'

const at = (path: string): string => resolve(import.meta.dirname, path)

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      rolldownOptions: {
        input: {
          main: at('src/main/main.ts'),
          'signalling-worker': at('src/main/workers/signalling-worker.ts'),
          'history-writer-worker': at('src/main/workers/history-writer-worker.ts'),
          'history-reader-worker': at('src/main/workers/history-reader-worker.ts'),
          'media-worker': at('src/main/workers/media-worker.ts'),
          'archive-worker': at('src/main/workers/archive-worker.ts'),
          'kdf-worker': at('src/main/workers/kdf-worker.ts'),
          'home-server': at('src/server/home/main.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rolldownOptions: {
        input: { preload: at('src/preload/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('src/renderer'),
    plugins: [react(), tailwindcss()],
    build: {
      outDir: at('out/renderer'),
      minify: true,
      chunkSizeWarningLimit: 2000,
      rolldownOptions: { input: at('src/renderer/index.html') },
    },
  },
})
