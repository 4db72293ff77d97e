/** A filter in MongoDB's notation, read aloud: `{"cart_value": {"$gt": 50}}` is "cart value is more than 50". Pure. */

import { describe, isSpec } from './segments'

const COMPARISONS: Record<string, string> = {
  $eq: 'is',
  $ne: 'is not',
  $gt: 'is more than',
  $gte: 'is at least',
  $lt: 'is less than',
  $lte: 'is at most',
  $in: 'is one of',
  $nin: 'is none of',
  $contains: 'contains',
  $startsWith: 'starts with',
  $between: 'is between',
}

/** What asks about the past or about chance is read as segments read it. */
const EVENT_WORDS = new Set(['$did', '$did_not', '$message', '$percent'])

/** The filter as a phrase; an empty string when it asks nothing. */
export function sayFilter(spec: unknown): string {
  if (Array.isArray(spec)) return join(spec.map(sayFilter), 'and')
  if (!isSpec(spec)) return ''
  return join(Object.entries(spec).map(([key, value]) => sayEntry(key, value)), 'and')
}

function sayEntry(key: string, value: unknown): string {
  if (key === '$and') return join(list(value).map(sayFilter), 'and')
  if (key === '$or') return join(list(value).map(sayFilter), 'or')
  if (key === '$nor') return `none of: ${join(list(value).map(sayFilter), 'or')}`
  if (key === '$not') return `not (${sayFilter(value)})`
  if (EVENT_WORDS.has(key)) return describe({ [key]: value })
  return sayField(key.replaceAll(/[_.]+/g, ' '), value)
}

function sayField(field: string, value: unknown): string {
  if (typeof value === 'boolean') return sayTruth(field, value)
  if (value === null) return `${field} is missing`
  if (isSpec(value) && Object.keys(value).some((key) => key.startsWith('$'))) {
    return join(Object.entries(value).map(([operator, operand]) => sayOperator(field, operator, operand)), 'and')
  }
  return `${field} is ${sayValue(value)}`
}

/** `email_opened: false` speaks of something that has not happened; other fields are compared. */
function sayTruth(field: string, value: boolean): string {
  const deed = /^(.+) (sent|delivered|opened|clicked)$/.exec(field)
  if (deed) return `${value ? 'the' : 'no'} ${deed[1] ?? ''} was ${deed[2] ?? ''}`
  return `${field} is ${value ? '' : 'not '}true`
}

function sayOperator(field: string, operator: string, operand: unknown): string {
  if (operator === '$exists') return operand ? `${field} is known` : `${field} is not known`
  if (operator === '$not') return `not (${sayField(field, operand)})`
  if (operator === '$between' && Array.isArray(operand)) {
    return `${field} is between ${operand.map(sayValue).join(' and ')}`
  }
  return `${field} ${COMPARISONS[operator] ?? operator} ${sayValue(operand)}`
}

function sayValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(sayValue).join(', ')
  if (typeof value === 'string') return `“${value}”`
  return JSON.stringify(value)
}

function join(parts: string[], word: string): string {
  return parts.filter(Boolean).join(` ${word} `)
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}
