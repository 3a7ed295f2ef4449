import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { controlGranted, endpointFileName, homeEndpoint, type HomeEndpoint } from '#shared/home/api.ts'

/** A held lease: the server lives at least as long. */
export interface Lease {
  readonly endpoint: HomeEndpoint
  /** The server ended, or was ended, while the lease was held. */
  onLost(handler: () => void): void
  release(): void
}

const grantMs = 3_000
const maxAnswerLength = 1_000

/** Takes a lease on the server whose endpoint file stands in `directory`; null when none answers. */
export async function takeLease(directory: string): Promise<Lease | null> {
  const endpoint = await readEndpoint(directory)
  return endpoint === null ? null : connectLease(endpoint)
}

async function readEndpoint(directory: string): Promise<HomeEndpoint | null> {
  try {
    const text = await readFile(join(directory, endpointFileName), 'utf8')
    const parsed = homeEndpoint.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    // No file, or one of a server killed while writing: there is no server to talk to.
    return null
  }
}

function connectLease(endpoint: HomeEndpoint): Promise<Lease | null> {
  return new Promise((resolve) => {
    const socket = connect(endpoint.controlPath)
    let [answer, granted, released] = ['', false, false]
    const lost: (() => void)[] = []
    socket.setEncoding('utf8')
    socket.setTimeout(grantMs, () => socket.destroy())
    socket.once('connect', () => socket.write(`${JSON.stringify({ secret: endpoint.controlSecret, want: 'lease' })}\n`))
    socket.on('data', (text: string) => {
      if (granted) return
      answer += text
      if (answer.length > maxAnswerLength) return void socket.destroy()
      if (!answer.includes('\n')) return
      if (!isGranted(answer)) return void socket.destroy()
      granted = true
      socket.setTimeout(0)
      // The lease alone keeps nobody's process alive.
      socket.unref()
      resolve({
        endpoint,
        onLost: (handler) => lost.push(handler),
        release: () => {
          released = true
          socket.destroy()
        },
      })
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      if (!granted) {
        resolve(null)
        return
      }
      if (!released) lost.forEach((handler) => handler())
    })
  })
}

function isGranted(line: string): boolean {
  try {
    return controlGranted.safeParse(JSON.parse(line)).success
  } catch {
    return false
  }
}
