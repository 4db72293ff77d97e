/** What a row of the builder is about: its sign, its name, and the row that a person begins with. */

import type { IconName } from '@/parts/Icon'
import { newEvent, newField, newId, newMessage, type Row } from '@/words/segments'

export type Subject =
  | 'profile' | 'tag' | 'stage' | 'topic' | 'device' | 'location' | 'event' | 'message' | 'segment' | 'trait' | 'percent' | 'other'

interface Sort {
  label: string
  hint: string // what one can ask with it
  icon: IconName
  make: () => Row
}

export const SORTS: Record<Exclude<Subject, 'other'>, Sort> = {
  event: { label: 'Event', hint: 'did or did not do something, how often, when', icon: 'bolt', make: newEvent },
  message: { label: 'Message engagement', hint: 'opened, clicked, bounced, on one channel or any', icon: 'email', make: newMessage },
  profile: { label: 'Profile field', hint: 'country, plan, last purchase, any attribute', icon: 'customers', make: () => newField('') },
  tag: { label: 'Tag', hint: 'has or does not have it', icon: 'tag', make: () => newField('tags') },
  segment: { label: 'Segment', hint: 'is or is not in another segment', icon: 'segments', make: () => newField('segments') },
  stage: { label: 'Lifecycle stage', hint: 'prospect, customer, …', icon: 'flag', make: () => newField('lifecycle_stage') },
  topic: { label: 'Topic', hint: 'subscribes to it or does not', icon: 'push', make: () => newField('topics.', '$eq', true) },
  device: { label: 'Device', hint: 'has an app on Apple, Android or the web', icon: 'in_app', make: () => newField('devices.platform') },
  location: {
    label: 'Location', hint: 'lives within some kilometres of a place', icon: 'retargeting',
    make: () => newField('location', '$near', { lat: 0, lon: 0, km: 25 }),
  },
  trait: { label: 'Computed trait', hint: 'a number kept about each customer', icon: 'overview', make: () => newField('traits.', '$gte', 0) },
  percent: { label: 'Random percent', hint: 'the same customers each time', icon: 'scale', make: () => ({ id: newId(), kind: 'percent', of: 10, salt: null }) },
}

export function subjectOf(row: Row): Subject {
  if (row.kind !== 'field') return row.kind
  const { field, op } = row
  if (field === 'tags') return 'tag'
  if (field === 'segments') return 'segment'
  if (field === 'lifecycle_stage') return 'stage'
  if (field.startsWith('topics.') && typeof row.value === 'boolean' && op === '$eq' && !row.not) return 'topic'
  if (field === 'devices.platform') return 'device'
  if (op === '$near') return 'location'
  return field.startsWith('traits.') ? 'trait' : 'profile'
}
