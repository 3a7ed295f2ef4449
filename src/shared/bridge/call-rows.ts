/** The rows of the bridge table that belong to calls. */
import { z } from 'zod'
import type { CallDeviceView, ComparedElsewhereView, CallId, CallNetworkView, CallView, LegId } from '../model/calls.ts'
import { method } from './method.ts'
import { aor, conversationId, id128 } from './schema.ts'

const callId = id128.transform((text) => text as CallId)
const zid = z.string().regex(/^[0-9a-f]{24}$/)
const legId = id128.transform((text) => text as LegId)

export const callPolicy = z.enum(['zrtp-required', 'zrtp-preferred', 'sdes-over-tls', 'any'])

export const callRows = {
  /** Calls that run or rang just now, newest first. */
  'calls.list': method<{ calls: readonly CallView[]; revision: number }>()(z.object({})),
  'calls.place': method<CallId>()(
    z.object({
      conversationId,
      video: z.boolean(),
      /** `dtls`: the user's own choice after ZRTP was refused. */
      keys: z.enum(['policy', 'dtls']).optional(),
      /** Without a relay the user is asked: true = go on although the other side learns our address. */
      showAddress: z.boolean().optional(),
      /** The call whose other side asked for this one, and hears how it goes. */
      referredIn: callId.optional(),
    }),
  ),
  'calls.accept': method<void>()(z.object({ callId, video: z.boolean(), showAddress: z.boolean().optional() })),
  'calls.decline': method<void>()(z.object({ callId, busy: z.boolean().optional() })),
  /** Hangs up, or cancels what rings on the other side. */
  'calls.end': method<void>()(z.object({ callId })),
  'calls.setHeld': method<void>()(z.object({ callId, held: z.boolean() })),
  'calls.setMuted': method<void>()(z.object({ callId, muted: z.boolean() })),
  'calls.setCamera': method<void>()(z.object({ callId, on: z.boolean() })),
  'calls.sendDigit': method<void>()(z.object({ callId, digit: z.string().regex(/^[0-9*#A-D]$/) })),
  'calls.transfer': method<void>()(z.object({ callId, to: aor })),
  /** Connects the other sides of two calls of one account with each other. */
  'calls.connect': method<void>()(z.object({ callId, withCall: callId })),
  /** The user stays: what the other side of the call asked for is not done. */
  'calls.declineReferral': method<void>()(z.object({ callId })),
  /** What the user found when comparing the short authentication string. */
  'calls.compared': method<void>()(z.object({ callId, equal: z.boolean(), deviceName: z.string().max(80) })),
  /** Devices of a contact that calls agreed keys with, the last one first. */
  'calls.devices': method<readonly CallDeviceView[]>()(z.object({ conversationId })),
  /** Devices of a contact that the user compared on other own devices, the last one first. */
  'calls.comparedElsewhere': method<readonly ComparedElsewhereView[]>()(z.object({ conversationId })),
  'calls.renameDevice': method<void>()(z.object({ conversationId, zid, name: z.string().max(80) })),
  /** The comparison does not count any more: the next call asks for it again. */
  'calls.forgetComparison': method<void>()(z.object({ conversationId, zid })),
  /** Clears an ended call from the screen. */
  'calls.dismiss': method<void>()(z.object({ callId })),
  'calls.network': method<CallNetworkView | null>()(z.object({ callId })),

  /** The renderer's media engine has started: what was asked of an earlier one is void. */
  'media.ready': method<void>()(z.object({})),
  /** The media engine's offer for a leg: loopback only, made by Chromium. */
  'media.offer': method<void>()(z.object({ legId, sdp: z.string().max(65_536) })),
  /** A leg could not be made or lost its devices. */
  'media.failed': method<void>()(
    z.object({ legId, reason: z.enum(['microphone-denied', 'microphone-missing', 'camera-denied', 'engine']) }),
  ),
  'media.connected': method<void>()(z.object({ legId })),
} as const
