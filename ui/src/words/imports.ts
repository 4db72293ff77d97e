/** Imports in words, and where a column may go. Pure. */

import type { ImportField, ImportKind, ImportPreview, ImportStatus, ImportView } from '@/api/imports'

import { CHANNELS, channelName, sentence } from './channels'
import { duration } from './moments'

export const LEFT_OUT = '-'

export interface Choice {
  value: string
  label: string
}

export interface ChoiceGroup {
  group: string
  items: Choice[]
}

const FIELDS: Record<string, string> = {
  external_id: 'Customer id (your own)',
  user_id: 'Customer id (your own)',
  customer: 'Customer: id, email or phone',
  anonymous_id: 'Anonymous id (a visitor’s)',
  name: 'What happened',
  at: 'When it happened',
  value: 'Value (money)',
  key: 'The event’s own id',
  last_interaction_at: 'Last interaction',
  last_purchase_at: 'Last purchase',
  created_at: 'Customer since',
  remove_tags: 'Tags to take away',
}

/** A field as a mapping spells it, in words: `attributes.city` is `Attribute: city`. */
export function fieldName(target: string): string {
  if (target === LEFT_OUT) return 'Leave out'
  const inverted = target.startsWith('!')
  const path = target.replace(/^!/, '').replace(/:text$/, '')
  const dot = path.indexOf('.')
  if (dot < 0) return FIELDS[path] ?? sentence(path)
  const map = path.slice(0, dot)
  const key = path.slice(dot + 1)
  if (map === 'consents') return `${inverted ? 'Opt-out' : 'Consent'}: ${channelName(key)}`
  if (map === 'properties') return `Property: ${key}`
  if (map === 'attributes') return `Attribute: ${key}`
  return `${sentence(map)}: ${key}`
}

/** `First Name` to `first_name`, as the server spells what it does not know. */
export function ownName(column: string): string {
  return column
    .trim()
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^\p{L}\p{N}_]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
    .toLowerCase()
}

/** Where a column may go: the fields, one's own name for it, consents, or nowhere. What it has now is always there. */
export function choicesFor(column: string, target: string, fields: readonly ImportField[], kind: ImportKind): ChoiceGroup[] {
  const plain = fields.filter((field) => !field.is_map).map(({ name }) => choice(name))
  const rest = kind === 'customers' ? 'attributes' : 'properties'
  const own = ownName(column)
  const groups: ChoiceGroup[] = [
    { group: kind === 'customers' ? 'Profile' : 'Event', items: plain },
    { group: 'Your own', items: own ? [choice(`${rest}.${own}`)] : [] },
    {
      group: 'Consents',
      items: kind === 'customers' ? CHANNELS.flatMap((c) => [choice(`consents.${c}`), choice(`!consents.${c}`)]) : [],
    },
    { group: 'Nowhere', items: [choice(LEFT_OUT)] },
  ]
  if (!groups.some(({ items }) => items.some(({ value }) => value === target))) {
    groups[1]?.items.unshift(choice(target))
  }
  return groups.filter(({ items }) => items.length > 0)
}

function choice(value: string): Choice {
  return { value, label: fieldName(value) }
}

/** Whether a file that was looked at as events is one of events: it says when, and what or nearly. */
export function looksLikeEvents(preview: ImportPreview): boolean {
  if (preview.form === 'calls') return true
  if (preview.form === 'csv') return preview.problems.every(({ code }) => code === 'import.no_event')
  const targets = new Set(preview.columns.map(({ target }) => target))
  return targets.has('at') && targets.has('name')
}

const STATUSES: Record<ImportStatus, string> = {
  waiting: 'Waiting',
  running: 'Running',
  interrupted: 'Interrupted',
  done: 'Done',
  refused: 'Refused',
  stopped: 'Stopped',
}

export function statusName(status: ImportStatus): string {
  return STATUSES[status]
}

/** The share of the file that is committed, from 0 to 1. */
export function shareDone({ status, position, size }: Pick<ImportView, 'status' | 'position' | 'size'>): number {
  if (status === 'done') return 1
  return size > 0 ? Math.min(position / size, 1) : 0
}

/** How long the rest takes at the speed so far; null when there is no speed yet. */
export function timeLeft(one: Pick<ImportView, 'status' | 'position' | 'size' | 'rows' | 'rows_per_second'>): string | null {
  if (one.status !== 'running' || !one.rows_per_second || one.position <= 0 || one.rows <= 0) return null
  const rowsLeft = (one.size - one.position) * (one.rows / one.position)
  return rowsLeft <= 0 ? null : `about ${duration(Math.max(1, Math.round(rowsLeft / one.rows_per_second)))} left`
}

const UNITS = ['bytes', 'KB', 'MB', 'GB'] as const

/** `1.2 MB`. */
export function bytes(size: number): string {
  let value = Math.max(0, size)
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1).replace(/\.0$/, '')} ${UNITS[unit] ?? ''}`
}
