/** A computed trait's document as a form, and in words. Pure. */

import { type EventRow, isSpec, newEvent, readWhere, type Spec, type Take, TAKE_WORDS, TAKES, sayRow, writeWhere } from './segments'
import type { RowPlace } from './segments'

/** `row` holds which events are taken; its tests are not used. `rest` is what the form does not know, kept as it is. */
export interface TraitDraft {
  name: string
  title: string
  take: Take
  row: EventRow
  rest: Spec
}

export const NEW_TRAIT = (): TraitDraft => ({ name: '', title: '', take: 'count', row: newEvent(), rest: {} })

const EVENT_PARTS = ['event', 'where', 'of', 'within', 'until', 'during', 'since', 'before']

/** null when the form cannot hold the document. */
export function readTrait(document: unknown): TraitDraft | null {
  if (!isSpec(document)) return null
  const entries = Object.entries(document)
  const event = Object.fromEntries(entries.filter(([key]) => EVENT_PARTS.includes(key)))
  const { name, title = '', take = 'count', ...rest } = Object.fromEntries(entries.filter(([key]) => key !== 'kind' && !EVENT_PARTS.includes(key)))
  const row = readWhere({ $did: event }).rules[0]
  if (row?.kind !== 'event' || typeof name !== 'string' || typeof title !== 'string') return null
  return TAKES.includes(take as Take) ? { name, title, take: take as Take, row: { ...row, tests: [] }, rest } : null
}

export function writeTrait({ name, title, take, row, rest }: TraitDraft): { document: Spec; places: RowPlace[] } {
  const group = { ...readWhere({}), rules: [{ ...row, did: true, tests: [] }] }
  const { where, places } = writeWhere(group, '')
  const event = isSpec(where) && isSpec(where.$did) ? where.$did : {}
  return {
    document: { kind: 'trait', name, ...(title === '' ? {} : { title }), ...rest, take, ...event },
    // Conditions on the event stand at `where` of the document.
    places: places.map(({ path, id }) => ({ path: path.replace(/^\.\$did\.?/, ''), id })).filter(({ path }) => path !== ''),
  }
}

/** `sum of amount over “purchase” in the last 30 days`. */
export function sayTrait({ take, row }: TraitDraft): string {
  const over = sayRow({ ...row, did: true, tests: [] }).replace(/^did /, '')
  const of = take === 'count' || take === 'first' || take === 'last' ? '' : ` ${row.of ?? 'value'}`
  return `${TAKE_WORDS[take]}${of} of ${over}`
}
