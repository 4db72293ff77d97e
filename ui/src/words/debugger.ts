/** The event debugger's list: what it keeps, what a filter finds, and how an event reads on one line. Pure. */

import type { SeenEvent, SeenStatus } from '@/api/debugger'

import { sentence } from './channels'

export const KEPT = 500 // events on the screen

export interface SeenFilter {
  name?: string | undefined
  customer?: string | undefined
  status?: SeenStatus | undefined
}

/** Both lists as one, newest first, each event once; the oldest are let go. */
export function mergeSeen(known: readonly SeenEvent[], fresh: readonly SeenEvent[], most = KEPT): SeenEvent[] {
  const all = new Map<string, SeenEvent>()
  for (const event of fresh) all.set(event.id, event)
  for (const event of known) if (!all.has(event.id)) all.set(event.id, event)
  return [...all.values()].sort((a, b) => order(b).localeCompare(order(a))).slice(0, most)
}

/** Ids carry the moment of receipt and rise. */
function order(event: SeenEvent): string {
  return `${event.received_at} ${event.id}`
}

export function matchesFilter(event: SeenEvent, filter: SeenFilter): boolean {
  if (filter.status && event.status !== filter.status) return false
  if (filter.name && !event.name.toLowerCase().includes(filter.name.toLowerCase())) return false
  if (!filter.customer) return true
  const wanted = filter.customer.toLowerCase()
  return [event.customer?.external_id, event.customer?.id].some((id) => id?.toLowerCase().includes(wanted) ?? false)
}

export function countStatuses(events: readonly SeenEvent[]): Record<SeenStatus, number> {
  const counts = { accepted: 0, duplicate: 0, rejected: 0 }
  for (const event of events) counts[event.status]++
  return counts
}

/** The event on one line: what is wrong with it, or the first of its properties. */
export function summarize(event: SeenEvent): string {
  const [first] = event.problems ?? []
  if (first) {
    const more = (event.problems?.length ?? 1) - 1
    return `${first.path ? `${first.path}: ` : ''}${first.message}${more > 0 ? ` (and ${more} more)` : ''}`
  }
  const { properties } = event
  if (typeof properties !== 'object' || properties === null) return ''
  return Object.entries(properties)
    .slice(0, 4)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ')
    .slice(0, 160)
}

const SOURCES: Record<string, string> = {
  api: 'API',
  segment: 'Tracking',
  link: 'Link',
  provider: 'Receipt',
  import: 'Import',
  simulation: 'Simulation',
}

export function sourceName(source: string): string {
  return SOURCES[source] ?? sentence(source)
}

/** What the event's JSON shows: the event as it is kept, without what the screen alone knows. */
export function eventJson(event: SeenEvent): string {
  const { name, customer, at, received_at, properties, value, message_id, source, id, status } = event
  const told = {
    ...(status === 'rejected' ? {} : { id }),
    name, customer: customer?.external_id ?? null, at, received_at, source,
    ...(value ? { value } : {}), ...(message_id ? { message_id } : {}), properties: properties ?? {},
  }
  return JSON.stringify(told, null, 2)
}

/** A line for a terminal that sends one event. `key` goes in as the user of HTTP Basic, as Segment's libraries do. */
export function curlLine(origin: string, key: string): string {
  const body = JSON.stringify({ userId: 'c1', event: 'signup', properties: { plan: 'free' } })
  return `curl -u '${key}:' -H 'Content-Type: application/json' \\\n  -d '${body}' \\\n  ${origin}/v1/track`
}
