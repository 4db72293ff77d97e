/** A rule read aloud. Pure. */

import { channelName, sentence, spoken } from '../channels'
import { day } from '../moments'
import type { EventRow, FieldRow, Group, MessageRow, Mode, Operator, OtherRow, PercentRow, Row, Rule, Take, TakeTest, Window } from './model'
import { isSpec } from './model'
import { readPlace, readRelative, saySpan } from './operands'
import { readWhere } from './read'

/** `{plan: "pro", $did: {event: "purchase", within: "30d"}}` as one sentence; `everyone` when it asks nothing. */
export function describe(where: unknown): string {
  return sayGroup(readWhere(where)) || 'everyone'
}

export const MODE_WORDS: Record<Mode, string> = { all: 'all of these', any: 'any of these', none: 'none of these' }

function sayGroup(group: Group): string {
  const parts = group.rules.map((rule) => sayPart(rule, group.rules.length > 1)).filter(Boolean)
  if (group.mode === 'none') return parts.length === 0 ? '' : `not (${parts.join(' or ')})`
  return parts.join(group.mode === 'any' ? ' or ' : ' and ')
}

function sayPart(rule: Rule, amongOthers: boolean): string {
  if (rule.kind !== 'group') return sayRow(rule)
  const text = sayGroup(rule)
  return amongOthers && rule.mode !== 'none' && rule.rules.length > 1 ? `(${text})` : text
}

/** One row as a phrase without a subject: `plan is “pro”`, `did purchase at least 2 times in the last 30 days`. */
export function sayRow(row: Row): string {
  switch (row.kind) {
    case 'field': return sayField(row)
    case 'event': return sayEvent(row)
    case 'message': return sayMessage(row)
    case 'percent': return sayPercent(row)
    case 'other': return sayOther(row)
  }
}

export const OPERATOR_WORDS: Record<Operator, [is: string, isNot: string]> = {
  $eq: ['is', 'is not'],
  $ne: ['is not', 'is'],
  $gt: ['is more than', 'is not more than'],
  $gte: ['is at least', 'is not at least'],
  $lt: ['is less than', 'is not less than'],
  $lte: ['is at most', 'is not at most'],
  $in: ['is one of', 'is none of'],
  $nin: ['is none of', 'is one of'],
  $between: ['is between', 'is not between'],
  $exists: ['is known', 'is not known'],
  $contains: ['contains', 'does not contain'],
  $startsWith: ['starts with', 'does not start with'],
  $near: ['is within', 'is not within'],
}

/** Moments are compared by order in time, and the words say so. */
const MOMENT_WORDS: Partial<Record<Operator, string>> = {
  $gt: 'is after', $gte: 'is not before', $lt: 'is before', $lte: 'is not after',
}

function sayField(row: FieldRow): string {
  const { field, op, value } = row
  const negative = row.not !== (op === '$ne' || op === '$nin')
  if (field === 'segments') return `is ${negative ? 'not ' : ''}in ${sayValues(value)}`
  if (field === 'tags') return `${negative ? 'does not have' : 'has'} the tag ${sayValues(value)}`
  if (field.startsWith('topics.') && typeof value === 'boolean' && op !== '$exists') {
    return `${value === negative ? 'does not subscribe' : 'subscribes'} to ${quoted(field.slice(7))}`
  }
  return `${fieldWords(field)} ${sayTest(op, value, row.not)}`
}

/** What a field is called in a sentence: `cart.total` is “cart total”. */
export function fieldWords(field: string): string {
  return spoken(field.replaceAll('.', ' ')).replaceAll('_', ' ')
}

function sayTest(op: Operator, value: unknown, not: boolean): string {
  const words = OPERATOR_WORDS[op][not ? 1 : 0]
  if (op === '$exists') return value === not ? 'is not known' : 'is known'
  if (value === null) return op === '$ne' || not ? 'is known' : 'is not known'
  if (op === '$near') {
    const place = readPlace(value)
    return place ? `${words} ${place.km} km of ${place.lat}, ${place.lon}` : words
  }
  if (op === '$between' && Array.isArray(value)) return `${words} ${value.map(sayValue).join(' and ')}`
  const moment = not ? undefined : MOMENT_WORDS[op]
  return `${moment !== undefined && isMoment(value) ? moment : words} ${sayValues(value)}`
}

const ISO = /^\d{4}-\d\d-\d\d/

function isMoment(value: unknown): boolean {
  return readRelative(value) !== null || (typeof value === 'string' && ISO.test(value) && !Number.isNaN(Date.parse(value)))
}

function sayValues(value: unknown): string {
  return Array.isArray(value) ? value.map(sayValue).join(' or ') : sayValue(value)
}

function sayValue(value: unknown): string {
  const relative = readRelative(value)
  if (relative) return relative.word === '$ago' ? `${saySpan(relative.span)} ago` : `${saySpan(relative.span)} from now`
  if (value === true) return 'true'
  if (value === false) return 'not true'
  if (typeof value === 'string') return isMoment(value) ? sayMoment(value) : quoted(value)
  return JSON.stringify(value)
}

function quoted(text: string): string {
  return `“${text}”`
}

/** A bare date is that date everywhere; of a moment the date, in the reader's own timezone. */
function sayMoment(text: string): string {
  return day(text.length === 10 ? `${text}T12:00:00` : text)
}

function sayEvent(row: EventRow): string {
  const did = row.did ? 'did' : 'did not do'
  const where = row.where ? sayGroup(row.where) : ''
  const of = row.of === null ? 'value' : fieldWords(row.of)
  return [`${did} ${row.events.map(quoted).join(' or ')}`, sayTests(row.tests, of), sayWindow(row.window), where && `where ${where}`].filter(Boolean).join(' ')
}

const DEED_WORDS: Record<string, [did: string, didNot: string]> = {
  opened: ['opened', 'did not open'],
  clicked: ['clicked', 'did not click'],
  delivered: ['was reached by', 'was not reached by'],
  bounced: ['bounced on', 'did not bounce on'],
  unsubscribed: ['unsubscribed from', 'did not unsubscribe from'],
  complained: ['complained about', 'did not complain about'],
}

function sayMessage(row: MessageRow): string {
  const what = row.channels.length === 0 ? 'any message' : `${row.channels.map(withArticle).join(' or ')} message`
  const deed = row.did.map((did) => DEED_WORDS[did]?.[row.not ? 1 : 0] ?? did).join(' or ')
  const where = row.where ? sayGroup(row.where) : ''
  return [deed, what, sayTests(row.tests, ''), sayWindow(row.window), where && `where ${where}`].filter(Boolean).join(' ')
}

function withArticle(channel: string): string {
  const name = channelName(channel)
  return `${/^([aeiou]|sms)/i.test(name) ? 'an' : 'a'} ${name === name.toUpperCase() ? name : name.toLowerCase()}`
}

export const TAKE_WORDS: Record<Take, string> = {
  count: 'number', sum: 'sum of', average: 'average', min: 'smallest', max: 'largest', first: 'first time', last: 'last time',
  most: 'most frequent',
}

function sayTests(tests: readonly TakeTest[], of: string): string {
  return tests.map((test) => sayTake(test, of)).join(' and ')
}

const COUNT_WORDS: Partial<Record<Operator, string>> = {
  $eq: 'exactly', $ne: 'not exactly', $gt: 'more than', $gte: 'at least', $lt: 'less than', $lte: 'at most',
}

function sayTake({ take, op, value }: TakeTest, of: string): string {
  if (take === 'count') {
    const words = COUNT_WORDS[op]
    if (words !== undefined && typeof value === 'number') return `${words} ${value} ${value === 1 ? 'time' : 'times'}`
    if (op === '$between' && Array.isArray(value)) return `${value.join(' to ')} times`
  }
  const subject = ['first', 'last', 'count'].includes(take) ? `whose ${TAKE_WORDS[take]}` : `whose ${TAKE_WORDS[take]} ${of}`
  return `${subject} ${sayTest(op, value, false)}`
}

/** The stretch of time that is looked at; nothing for ever. */
export function sayWindow(window: Window): string {
  switch (window.kind) {
    case 'ever': return ''
    case 'within': return `in the last ${saySpan(window.within).replace(/^1 /, '')}`
    case 'from_to': return `from ${saySpan(window.within)} to ${saySpan(window.until)} ago`
    case 'during': return window.during === 'today' || window.during === 'yesterday' ? window.during : window.during.replaceAll('_', ' ')
    case 'fixed':
      return [
        window.since === null ? '' : `since ${sayMoment(window.since)}`,
        window.before === null ? '' : `before ${sayMoment(window.before)}`,
      ].filter(Boolean).join(' and ')
  }
}

function sayPercent({ of, salt }: PercentRow): string {
  return `is among a random ${of}%${salt === null ? '' : ` drawn with ${quoted(salt)}`}`
}

/** The typed conditions of older documents have words; anything else stands as it is written. */
function sayOther({ spec }: OtherRow): string {
  if (isSpec(spec) && typeof spec.type === 'string') return `${sentence(spec.type).toLowerCase()} ${JSON.stringify(spec)}`
  return JSON.stringify(spec)
}
