/** From a filter, as documents write it, to the form. What the form has no fields for becomes an `other` row. Pure. */

import {
  CALENDAR, DEEDS, type EventRow, type FieldRow, type Form, type Group, isSpec, type MessageRow, type Mode, newId,
  type Operator, OPERATORS, type OtherRow, type PercentRow, type Rule, type Spec, type Take, TAKES, type TakeTest, type Window,
} from './model'
import { isOperand } from './operands'

const DEEPEST = 30 // groups in groups; the API takes 20

/** Conditions of older documents: one whole each, though their keys look like fields. */
const TYPED = new Set<unknown>(['profile_check', 'engagement_check', 'time_check'])

/** Whether a value can be shown as a rule at all: a mapping, or a list of them. */
export function isWhere(value: unknown): value is Spec | unknown[] {
  return isSpec(value) || Array.isArray(value)
}

/** The filter as a group. An absent one asks nothing. */
export function readWhere(where: unknown): Group {
  const rule = readRule(where ?? {}, 0)
  return rule.kind === 'group' ? rule : group('all', 'map', [rule])
}

function group(mode: Mode, form: Form, rules: Rule[]): Group {
  return { id: newId(), kind: 'group', mode, form, rules }
}

function other(spec: unknown): OtherRow {
  return { id: newId(), kind: 'other', spec }
}

/** A spec by itself, as in a list. One of one entry is that entry; of several, a group of them. */
function readRule(spec: unknown, depth: number): Rule {
  if (depth > DEEPEST || !isWhere(spec) || (isSpec(spec) && TYPED.has(spec.type))) return other(spec)
  if (Array.isArray(spec)) return group('all', 'list', spec.map((part) => readRule(part, depth + 1)))
  const rules = Object.entries(spec).flatMap(([key, value]) => readEntry(key, value, depth + 1))
  return rules.length === 1 && rules[0] ? rules[0] : group('all', 'map', rules)
}

function readEntry(key: string, value: unknown, depth: number): Rule[] {
  if (key === '$and' || key === '$or' || key === '$nor') {
    if (!Array.isArray(value)) return [other({ [key]: value })]
    const mode = ({ $and: 'all', $or: 'any', $nor: 'none' } as const)[key]
    return [group(mode, key, value.map((part) => readRule(part, depth)))]
  }
  if (key === '$not') return [readNot(value, depth)]
  if (key === '$did' || key === '$did_not') return [readEvent(key === '$did', value, depth) ?? other({ [key]: value })]
  if (key === '$message') return [readMessage(false, value, depth) ?? other({ [key]: value })]
  if (key === '$percent') return [readPercent(value) ?? other({ [key]: value })]
  if (key.startsWith('$') || key === '') return [other({ [key]: value })]
  return readField(key, value) ?? [other({ [key]: value })]
}

function readNot(value: unknown, depth: number): Rule {
  if (isSpec(value) && Object.keys(value).length === 1 && '$message' in value) {
    const row = readMessage(true, value.$message, depth)
    if (row) return row
  }
  return isWhere(value) ? group('none', '$not', [readRule(value, depth)]) : other({ $not: value })
}

/** `{age: {$gte: 18, $lt: 30}}` is two rows; null when one of them is beyond the form. */
function readField(field: string, value: unknown): FieldRow[] | null {
  if (!isSpec(value)) {
    return isOperand('$eq', value) ? [{ id: newId(), kind: 'field', field, op: '$eq', not: false, bare: true, value }] : null
  }
  const rows = Object.entries(value).map(([word, operand]) => readOperator(field, word, operand))
  return rows.length > 0 && rows.every((row) => row !== null) ? rows : null
}

function readOperator(field: string, word: string, operand: unknown): FieldRow | null {
  if (word === '$not') {
    const [inner, ...more] = isSpec(operand) ? Object.entries(operand) : []
    if (!inner || more.length > 0 || inner[0] === '$not') return null
    const row = readOperator(field, inner[0], inner[1])
    return row && { ...row, not: true }
  }
  if (!isOperator(word) || !isOperand(word, operand)) return null
  return { id: newId(), kind: 'field', field, op: word, not: false, bare: false, value: operand }
}

function isOperator(word: string): word is Operator {
  return (OPERATORS as readonly string[]).includes(word)
}

const WINDOW_KEYS = ['within', 'until', 'during', 'since', 'before']
const EVENT_KEYS = new Set<string>(['event', 'where', 'of', ...TAKES, ...WINDOW_KEYS])
const MESSAGE_KEYS = new Set<string>(['did', 'channel', 'where', 'count', 'first', 'last', ...WINDOW_KEYS])

function readEvent(did: boolean, value: unknown, depth: number): EventRow | null {
  const bare = typeof value === 'string'
  const spec = bare ? { event: value } : value
  if (!isSpec(spec) || !knows(spec, EVENT_KEYS) || !absentOrText(spec, 'of')) return null
  const events = readNames(spec.event)
  const window = readWindow(spec)
  const tests = readTests(spec)
  const where = readInner(spec, depth)
  if (!events || events.length === 0 || !window || !tests || where === undefined) return null
  const as = bare ? 'bare' : Array.isArray(spec.event) ? 'list' : 'text'
  return { id: newId(), kind: 'event', did, events, as, tests, window, where, of: typeof spec.of === 'string' ? spec.of : null }
}

function readMessage(not: boolean, value: unknown, depth: number): MessageRow | null {
  if (!isSpec(value) || !knows(value, MESSAGE_KEYS)) return null
  const did = readNames(value.did)
  const channels = 'channel' in value ? readNames(value.channel) : []
  const window = readWindow(value)
  const tests = readTests(value)
  const where = readInner(value, depth)
  const lists = Array.isArray(value.did)
  // Both are written in one way: as texts, or as lists.
  const mixed = 'channel' in value && lists !== Array.isArray(value.channel)
  if (!did?.every(isDeed) || did.length === 0 || !channels || mixed || !window || !tests || where === undefined) return null
  return { id: newId(), kind: 'message', not, did, channels, lists, tests, window, where }
}

function isDeed(word: string): boolean {
  return (DEEDS as readonly string[]).includes(word)
}

/** A name, or a list of some. */
function readNames(value: unknown): string[] | null {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string') ? value : null
}

/** The conditions on an event: null for none, undefined for what are no conditions. */
function readInner(spec: Spec, depth: number): Group | null | undefined {
  if (!('where' in spec)) return null
  if (!isWhere(spec.where)) return undefined
  const rule = readRule(spec.where, depth + 1)
  return rule.kind === 'group' ? rule : group('all', 'map', [rule])
}

function readPercent(value: unknown): PercentRow | null {
  if (!isSpec(value) || typeof value.of !== 'number' || !knows(value, new Set(['of', 'salt']))) return null
  if (!absentOrText(value, 'salt')) return null
  return { id: newId(), kind: 'percent', of: value.of, salt: typeof value.salt === 'string' ? value.salt : null }
}

function knows(value: Spec, keys: ReadonlySet<string>): boolean {
  return Object.keys(value).every((key) => keys.has(key))
}

function absentOrText(value: Spec, key: string): boolean {
  return !(key in value) || typeof value[key] === 'string'
}

/** null for a mix of windows, which the form does not show and the API refuses. */
function readWindow(value: Spec): Window | null {
  const keys = WINDOW_KEYS.filter((key) => key in value)
  if (!keys.every((key) => typeof value[key] === 'string')) return null
  const text = (key: string): string => value[key] as string
  switch (keys.join()) {
    case '': return { kind: 'ever' }
    case 'within': return { kind: 'within', within: text('within') }
    case 'within,until': return { kind: 'from_to', within: text('within'), until: text('until') }
    case 'during':
      return (CALENDAR as readonly string[]).includes(text('during')) ? { kind: 'during', during: text('during') } : null
    case 'since': return { kind: 'fixed', since: text('since'), before: null }
    case 'before': return { kind: 'fixed', since: null, before: text('before') }
    case 'since,before': return { kind: 'fixed', since: text('since'), before: text('before') }
    default: return null
  }
}

/** null when a comparison is beyond the form. */
function readTests(value: Spec): TakeTest[] | null {
  const tests: (TakeTest | null)[] = []
  for (const [key, spec] of Object.entries(value)) {
    if (!(TAKES as readonly string[]).includes(key)) continue
    const take = key as Take
    if (!isSpec(spec)) tests.push(isOperand('$eq', spec) ? { take, op: '$eq', bare: true, value: spec } : null)
    else if (Object.keys(spec).length === 0) tests.push(null)
    else for (const [word, operand] of Object.entries(spec)) tests.push(readTest(take, word, operand))
  }
  return tests.every((test) => test !== null) ? tests : null
}

function readTest(take: Take, word: string, operand: unknown): TakeTest | null {
  if (!isOperator(word) || word === '$near' || !isOperand(word, operand)) return null
  return { take, op: word, bare: false, value: operand }
}
