/** What the doors for events saw a moment ago. */

import { get, withQuery } from './client'
import type { Problem } from './types'

export type SeenStatus = 'accepted' | 'duplicate' | 'rejected'

/** One event as it came, taken or not. */
export interface SeenEvent {
  id: string
  received_at: string
  at: string | null // when it happened, as the sender says
  name: string
  customer: { id: string | null; external_id: string } | null // null: the event named nobody
  source: string
  status: SeenStatus
  properties?: unknown
  value?: number
  message_id?: string | null
  problems?: Problem[]
}

export const STREAM = '/api/debugger/stream'

/** The newest first. */
export async function readSeen(limit: number): Promise<SeenEvent[]> {
  return (await get<{ events: SeenEvent[] }>(withQuery('/api/debugger', { limit }))).events
}
