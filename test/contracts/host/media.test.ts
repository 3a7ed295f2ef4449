import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosts, type RunningApp, startApp } from './host-under-test.ts'

/** Captures, calls itself over this computer, and tells what the other end saw. */
async function callItself(): Promise<{ tracks: string[]; state: string; candidates: string[] }> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true })
  const [near, far] = [new RTCPeerConnection({ iceServers: [] }), new RTCPeerConnection({ iceServers: [] })]
  const candidates: string[] = []
  const gathered = (connection: RTCPeerConnection): Promise<void> =>
    new Promise((complete) => {
      connection.onicecandidate = ({ candidate }) => {
        if (candidate === null) complete()
        else candidates.push(candidate.address ?? candidate.candidate)
      }
    })
  for (const track of stream.getTracks()) near.addTrack(track, stream)
  const nearGathered = gathered(near)
  await near.setLocalDescription(await near.createOffer())
  await nearGathered
  const farGathered = gathered(far)
  await far.setRemoteDescription(near.localDescription!)
  await far.setLocalDescription(await far.createAnswer())
  await farGathered
  const connected = new Promise<string>((settled) => {
    near.onconnectionstatechange = () => {
      if (near.connectionState === 'connected' || near.connectionState === 'failed') settled(near.connectionState)
    }
  })
  await near.setRemoteDescription(far.localDescription!)
  const state = await connected
  const tracks = far.getReceivers().map(({ track }) => track.kind)
  for (const track of stream.getTracks()) track.stop()
  near.close()
  far.close()
  return { tracks, state, candidates }
}

describe.each(hosts)('media on $name', (host) => {
  let running: RunningApp
  beforeAll(async () => {
    running = await startApp(host, { HOST_APP_MEDIA: '1' })
  })
  afterAll(() => running.close())

  it('are captured without a prompt where the app allows it, and reach this computer', async () => {
    const { tracks, state, candidates } = await running.page.evaluate(callItself)
    expect(state).toBe('connected')
    expect(tracks.sort()).toEqual(['audio', 'video'])
    expect(candidates.length).toBeGreaterThan(0)
    // A name would have been announced to the network (mDNS).
    expect(candidates.filter((address) => address.endsWith('.local'))).toEqual([])
  })
})
