/** Identifiers, values and merges in words. Pure. */

import type { Identifier, Merge } from '@/api/people'

import { sentence } from './channels'
import { full } from './moments'
import { plural } from './numbers'

const IDENTIFIERS: Record<string, string> = {
  external_id: 'User id',
  email: 'Email',
  phone: 'Phone',
  anonymous_id: 'Anonymous id',
}

/** What an identifier is called, and its value: a custom one `crm:42` is `Crm` and `42`. */
export function nameIdentifier({ kind, value }: Identifier): { name: string; value: string } {
  const colon = value.indexOf(':')
  if (kind === 'custom' && colon > 0) return { name: sentence(value.slice(0, colon)), value: value.slice(colon + 1) }
  return { name: IDENTIFIERS[kind] ?? sentence(kind), value }
}

const MOMENT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/

/** The type of an attribute, for a person: text, number, yes or no, date, list, map. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'boolean') return 'yes or no'
  if (typeof value === 'number') return 'number'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'object') return 'map'
  return typeof value === 'string' && MOMENT.test(value) && !Number.isNaN(Date.parse(value)) ? 'date' : 'text'
}

/** A value on one line. Lists of things become how many there are; numbers keep their digits; moments are the reader's. */
export function sayValue(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value.length > 10 && typeOf(value) === 'date' ? full(value) : value
  if (typeof value === 'number') return new Intl.NumberFormat('en', { maximumFractionDigits: 6 }).format(value)
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) return plural(value.length, 'item')
  if (Array.isArray(value)) return value.map(sayValue).join(', ')
  return JSON.stringify(value)
}

const CAUSES: Record<string, string> = {
  person: 'by hand',
  alias: 'by an alias',
  identified: 'when they said who they are',
  address: 'by their address',
}

/** How a merge came about: `by hand`, `by an alias`. */
export function sayCause(cause: string): string {
  return CAUSES[cause] ?? `by ${sentence(cause).toLowerCase()}`
}

const STATES: Record<Merge['status'], { word: string; color: string }> = {
  asked: { word: 'Under way', color: 'saffron' },
  merging: { word: 'Under way', color: 'saffron' },
  merged: { word: 'Merged', color: 'verdigris' },
  undoing: { word: 'Being undone', color: 'saffron' },
  undone: { word: 'Undone', color: 'gray' },
  refused: { word: 'Refused', color: 'red' },
}

export function stateOfMerge(status: Merge['status']): { word: string; color: string } {
  return STATES[status]
}

/** Who a merged customer was: the id it had, or that it was somebody without a name. */
export function nameGone(merge: Pick<Merge, 'customer' | 'external_id'>): string {
  return merge.external_id && merge.external_id !== merge.customer ? merge.external_id : 'An anonymous visitor'
}
