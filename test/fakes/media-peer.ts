/** The far end of a leg, in the same page: a real connection of the browser that sends a tone and a moving picture. */
export class MediaPeer {
  readonly #answer: (sdp: string) => void
  readonly #connection = new RTCPeerConnection()
  readonly #context = new AudioContext()
  #painting: ReturnType<typeof setInterval> | undefined

  constructor(answer: (sdp: string) => void) {
    this.#answer = answer
  }

  async offered(sdp: string): Promise<void> {
    const connection = this.#connection
    await connection.setRemoteDescription({ type: 'offer', sdp })
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.sender.track !== null) continue
      transceiver.direction = 'sendrecv'
      await transceiver.sender.replaceTrack(
        transceiver.receiver.track.kind === 'audio' ? this.#tone() : this.#picture(),
      )
    }
    await connection.setLocalDescription(await connection.createAnswer())
    // The gateway's answer carries its one candidate; this one waits until it has gathered its own.
    if (connection.iceGatheringState !== 'complete') {
      await new Promise<void>((complete) => {
        connection.onicegatheringstatechange = () => {
          if (connection.iceGatheringState === 'complete') complete()
        }
      })
    }
    this.#answer(connection.localDescription?.sdp ?? '')
  }

  close(): void {
    clearInterval(this.#painting)
    this.#connection.close()
    void this.#context.close()
  }

  #tone(): MediaStreamTrack | null {
    const target = this.#context.createMediaStreamDestination()
    const oscillator = this.#context.createOscillator()
    oscillator.connect(target)
    oscillator.start()
    return target.stream.getAudioTracks()[0] ?? null
  }

  #picture(): MediaStreamTrack | null {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 })
    const paint = canvas.getContext('2d')
    let frame = 0
    this.#painting = setInterval(() => {
      frame += 1
      if (paint === null) return
      paint.fillStyle = `hsl(${frame % 360} 45% 45%)`
      paint.fillRect(0, 0, 640, 360)
      paint.fillStyle = 'white'
      paint.fillRect((frame * 4) % 600, 160, 40, 40)
    }, 40)
    return canvas.captureStream(25).getVideoTracks()[0] ?? null
  }
}
