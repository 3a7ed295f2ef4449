/** The shortcuts of calls; the browser and the Chromium host leave these to the page (docs/interface.md). */
export const callKeys = {
  call: 'Alt+Shift+C',
  video: 'Alt+Shift+V',
  answer: 'Ctrl+Shift+A',
  hangUp: 'Ctrl+Shift+H',
  mute: 'Ctrl+Shift+S',
  camera: 'Ctrl+Shift+P',
  hold: 'Ctrl+Shift+L',
} as const
