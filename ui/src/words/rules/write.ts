/** From the form back to the filter, and where in it each row stands. Pure. */

import {
  type EventRow, type FieldRow, type Group, isSpec, type MessageRow, type Rule, type Spec, type TakeTest, type Window,
} from './model'

/** A place in the document, as problems name it, and the row or group that was written there. */
export interface RowPlace {
  path: string
  id: string
}

export interface Written {
  where: unknown
  places: RowPlace[]
}

/** The filter, exactly as it was read where nobody changed it. `path` is where it stands in what is sent. */
export function writeWhere(group: Group, path = 'where'): Written {
  const places: RowPlace[] = []
  return { where: writeRule(group, path, places), places }
}

function note(places: RowPlace[], path: string, id: string): void {
  places.push({ path, id })
}

/** A rule by itself, as in a list. */
function writeRule(rule: Rule, path: string, places: RowPlace[]): unknown {
  if (rule.kind === 'other') {
    note(places, path, rule.id)
    return rule.spec
  }
  if (rule.kind !== 'group' || rule.mode !== 'all' || rule.form === '$and') {
    const [key, value] = entryOf(rule, path, places)
    return asMap([[key, value]])
  }
  note(places, path, rule.id)
  if (rule.form === 'list') return rule.rules.map((part, i) => writeRule(part, `${path}[${i}]`, places))
  return writeMap(rule, path, places)
}

/** All rules in one mapping where their keys allow it, else as `$and`. */
function writeMap(group: Group, path: string, places: RowPlace[]): unknown {
  const [only, ...more] = group.rules
  if (only?.kind === 'other' && more.length === 0) return writeRule(only, path, places)
  if (!canMerge(group.rules)) return asMap([['$and', writeParts(group.rules, `${path}.$and`, places)]])
  const entries = new Map<string, unknown>()
  for (const rule of group.rules) {
    const [key, value] = entryOf(rule, path, places)
    const present = entries.get(key)
    entries.set(key, isSpec(present) && isSpec(value) ? { ...present, ...value } : value)
  }
  return asMap([...entries])
}

/** Own properties, also for a field that is called `__proto__`. */
function asMap(entries: [string, unknown][]): Spec {
  return Object.fromEntries(entries)
}

function writeParts(rules: Rule[], path: string, places: RowPlace[]): unknown[] {
  return rules.map((part, i) => writeRule(part, `${path}[${i}]`, places))
}

/** The key under which a rule stands in a mapping; the operators that it takes there, or null for all of the key. */
function claimOf(rule: Rule): { key: string; word: string | null } {
  if (rule.kind === 'field') return { key: rule.field, word: rule.bare ? null : rule.not ? '$not' : rule.op }
  return { key: entryOf(rule, '', [])[0], word: null }
}

function canMerge(rules: Rule[]): boolean {
  const taken = new Map<string, Set<string | null>>()
  for (const rule of rules) {
    const { key, word } = claimOf(rule)
    const words = taken.get(key)
    if (words && (word === null || words.has(word) || words.has(null))) return false
    taken.set(key, (words ?? new Set()).add(word))
  }
  return true
}

/** A rule as one entry of a mapping that stands at `path`. */
function entryOf(rule: Rule, path: string, places: RowPlace[]): [string, unknown] {
  if (rule.kind === 'field') return [rule.field, writeField(rule, `${path}.${rule.field}`, places)]
  if (rule.kind === 'other') {
    const [entry, ...more] = isSpec(rule.spec) ? Object.entries(rule.spec) : []
    note(places, entry && more.length === 0 ? `${path}.${entry[0]}` : `${path}.$and`, rule.id)
    return entry && more.length === 0 ? entry : ['$and', [rule.spec]]
  }
  if (rule.kind === 'group') return groupEntry(rule, path, places)
  const key = rule.kind === 'percent' ? '$percent' : rule.kind === 'message' ? '$message' : rule.did ? '$did' : '$did_not'
  const negated = rule.kind === 'message' && rule.not
  const place = negated ? `${path}.$not.${key}` : `${path}.${key}`
  note(places, negated ? `${path}.$not` : place, rule.id)
  if (rule.kind === 'percent') return [key, { of: rule.of, ...(rule.salt === null ? {} : { salt: rule.salt }) }]
  if (rule.kind === 'event') return [key, writeEvent(rule, place, places)]
  const message = writeMessage(rule, place, places)
  return negated ? ['$not', asMap([[key, message]])] : [key, message]
}

function groupEntry(group: Group, path: string, places: RowPlace[]): [string, unknown] {
  const only = group.rules[0]
  if (group.form === '$not' && group.rules.length === 1 && only) {
    note(places, `${path}.$not`, group.id)
    return ['$not', writeRule(only, `${path}.$not`, places)]
  }
  const key = group.mode === 'all' ? '$and' : group.mode === 'any' ? '$or' : '$nor'
  note(places, `${path}.${key}`, group.id)
  return [key, writeParts(group.rules, `${path}.${key}`, places)]
}

function writeField(row: FieldRow, path: string, places: RowPlace[]): unknown {
  if (row.bare && row.op === '$eq' && !row.not) {
    note(places, path, row.id)
    return row.value
  }
  note(places, path, row.id)
  note(places, `${path}.${row.not ? '$not' : row.op}`, row.id)
  const test = asMap([[row.op, row.value]])
  return row.not ? { $not: test } : test
}

function writeEvent(row: EventRow, path: string, places: RowPlace[]): unknown {
  const [only] = row.events
  const spec = {
    event: row.as === 'list' || row.events.length > 1 ? row.events : only,
    ...(row.where ? { where: writeRule(row.where, `${path}.where`, places) } : {}),
    ...writeTests(row.tests),
    ...(row.of === null ? {} : { of: row.of }),
    ...writeWindow(row.window),
  }
  return row.as === 'bare' && Object.keys(spec).length === 1 ? spec.event : spec
}

function writeMessage(row: MessageRow, path: string, places: RowPlace[]): Spec {
  const lists = row.lists || row.did.length > 1 || row.channels.length > 1
  return {
    did: lists ? row.did : row.did[0],
    ...(row.channels.length === 0 ? {} : { channel: lists ? row.channels : row.channels[0] }),
    ...(row.where ? { where: writeRule(row.where, `${path}.where`, places) } : {}),
    ...writeTests(row.tests),
    ...writeWindow(row.window),
  }
}

/** Two comparisons of one count stand in one mapping; of two with the same operator the later holds. */
function writeTests(tests: readonly TakeTest[]): Spec {
  const found: Spec = {}
  for (const { take, op, bare, value } of tests) {
    const present = found[take]
    found[take] = bare && op === '$eq' ? value : { ...(isSpec(present) ? present : {}), [op]: value }
  }
  return found
}

function writeWindow(window: Window): Spec {
  switch (window.kind) {
    case 'ever': return {}
    case 'within': return { within: window.within }
    case 'from_to': return { within: window.within, until: window.until }
    case 'during': return { during: window.during }
    case 'fixed':
      return { ...(window.since === null ? {} : { since: window.since }), ...(window.before === null ? {} : { before: window.before }) }
  }
}

/** The row at which a problem of the API belongs: the one whose place is the longest beginning of its path. */
export function rowAt(path: string, places: readonly RowPlace[]): string | null {
  let best: RowPlace | null = null
  for (const place of places) {
    const inside = path === place.path || (path.startsWith(place.path) && /^[.[]/.test(path.slice(place.path.length)))
    if (inside && (best === null || place.path.length > best.path.length)) best = place
  }
  return best?.id ?? null
}
