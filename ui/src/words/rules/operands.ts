/** What an operator may be compared with, and durations such as `30d`. Pure. */

import { isSpec, type Operator, type Spec } from './model'

/** A moment counted from now: {"$ago": "7d"}. */
export interface Relative {
  word: '$ago' | '$ahead'
  span: string
}

export function readRelative(value: unknown): Relative | null {
  if (!isSpec(value)) return null
  const [entry, ...more] = Object.entries(value)
  if (!entry || more.length > 0 || typeof entry[1] !== 'string') return null
  return entry[0] === '$ago' || entry[0] === '$ahead' ? { word: entry[0], span: entry[1] } : null
}

export interface Place {
  lat: number
  lon: number
  km: number
}

export function readPlace(value: unknown): Place | null {
  if (!isSpec(value) || Object.keys(value).length !== 3) return null
  const { lat, lon, km } = value
  return typeof lat === 'number' && typeof lon === 'number' && typeof km === 'number' ? { lat, lon, km } : null
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

/** Whether the form has fields for this operand of this operator. */
export function isOperand(op: Operator, value: unknown): boolean {
  if (op === '$in' || op === '$nin') return Array.isArray(value) && value.every((item) => isScalar(item) && item !== null)
  if (op === '$between') return Array.isArray(value) && value.length === 2 && value.every(isPoint)
  if (op === '$exists') return typeof value === 'boolean'
  if (op === '$near') return readPlace(value) !== null
  return isPoint(value)
}

function isPoint(value: unknown): boolean {
  return isScalar(value) || readRelative(value) !== null
}

export const UNITS = ['s', 'm', 'h', 'd', 'w'] as const
export type Unit = (typeof UNITS)[number]

export interface Span {
  amount: number
  unit: Unit
}

const UNIT_OF: Record<string, Unit> = {
  s: 's', sec: 's', second: 's', seconds: 's',
  m: 'm', min: 'm', minute: 'm', minutes: 'm',
  h: 'h', hour: 'h', hours: 'h',
  d: 'd', day: 'd', days: 'd',
  w: 'w', week: 'w', weeks: 'w',
}

const NAMES: Record<Unit, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' }

/** `30d`, `15 min`, `3 days`, `P30D` as amount and unit; null for what is written otherwise. */
export function readSpan(text: string): Span | null {
  const plain = /^\s*(\d{1,9}(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text)
  const iso = /^P(?:(\d{1,9})([DW])|T(\d{1,9})([HMS]))$/.exec(text)
  const amount = plain?.[1] ?? iso?.[1] ?? iso?.[3]
  const unit = UNIT_OF[(plain?.[2] ?? iso?.[2] ?? iso?.[4] ?? '').toLowerCase()]
  return amount === undefined || unit === undefined ? null : { amount: Number(amount), unit }
}

export function writeSpan({ amount, unit }: Span): string {
  return `${amount}${unit}`
}

/** `30 days`, `1 hour`; a span written otherwise as it is. */
export function saySpan(text: string): string {
  const span = readSpan(text)
  return span ? `${span.amount} ${NAMES[span.unit]}${span.amount === 1 ? '' : 's'}` : text
}

/** The kinds of value that a field may be compared with, as the form offers them. */
export type ValueKind = 'text' | 'number' | 'truth' | 'moment' | 'ago' | 'ahead'

const ISO = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?$/

/** The kind of a value that stands in a row already. */
export function kindOf(value: unknown): ValueKind {
  const first: unknown = Array.isArray(value) ? value[0] : value
  if (typeof first === 'number') return 'number'
  if (typeof first === 'boolean') return 'truth'
  const relative = readRelative(first)
  if (relative) return relative.word === '$ago' ? 'ago' : 'ahead'
  return typeof first === 'string' && ISO.test(first) ? 'moment' : 'text'
}

/** A first value of a kind, for a row that has none yet. */
export function blank(kind: ValueKind): unknown {
  const values: Record<ValueKind, unknown> = {
    text: '', number: 0, truth: true, moment: '', ago: { $ago: '7d' } satisfies Spec, ahead: { $ahead: '7d' } satisfies Spec,
  }
  return values[kind]
}

/** The operand of another operator, with what can be kept of the present one. */
export function reshape(op: Operator, value: unknown, kind: ValueKind): unknown {
  const one: unknown = Array.isArray(value) ? (value[0] ?? blank(kind)) : typeof value === 'boolean' && kind !== 'truth' ? blank(kind) : value
  if (op === '$exists') return typeof value === 'boolean' ? value : true
  if (op === '$in' || op === '$nin') return Array.isArray(value) ? value : one === '' || !isScalar(one) || one === null ? [] : [one]
  if (op === '$between') return Array.isArray(value) && value.length === 2 ? value : [one, blank(kind)]
  if (op === '$near') return readPlace(value) ?? { lat: 0, lon: 0, km: 25 }
  return one
}
