/**
 * Segments in words and as a form. Pure. Begin here: `readWhere` makes groups and rows of a filter, `writeWhere` the
 * filter of them, `describe` a sentence, and `placeProblems` finds the row at which a problem belongs.
 */

import type { Problem } from '@/api/types'

import type { Group, Spec } from './rules/model'
import { isSpec } from './rules/model'
import { isWhere, readWhere } from './rules/read'
import { rowAt, type RowPlace, writeWhere } from './rules/write'

export { gapsIn } from './rules/gaps'
export * from './rules/model'
export * from './rules/operands'
export { isWhere, readWhere } from './rules/read'
export { describe, fieldWords, MODE_WORDS, OPERATOR_WORDS, sayRow, sayWindow, TAKE_WORDS } from './rules/say'
export { rowAt, type RowPlace, writeWhere, type Written } from './rules/write'

/** A segment's document as the form holds it; `rest` is what the form does not know, kept as it is. */
export interface Draft {
  name: string
  title: string
  description: string
  where: Group
  rest: Spec
}

export const NEW_DRAFT = (where: unknown = {}): Draft => ({ name: '', title: '', description: '', where: readWhere(where), rest: {} })

/** The draft of a document; null when the form cannot hold it, because a part is not of its kind. */
export function readDocument(document: unknown): Draft | null {
  if (!isSpec(document)) return null
  const { kind, name = '', title = '', description = '', where, ...rest } = document
  if (typeof name !== 'string' || typeof title !== 'string' || typeof description !== 'string') return null
  if ((kind !== undefined && kind !== 'segment') || (where !== undefined && where !== null && !isWhere(where))) return null
  return { name, title, description, where: readWhere(where), rest }
}

export interface WrittenDocument {
  document: Spec
  places: RowPlace[]
}

export function writeDocument({ name, title, description, where, rest }: Draft): WrittenDocument {
  const written = writeWhere(where)
  return {
    document: {
      kind: 'segment',
      name,
      ...(title === '' ? {} : { title }),
      ...(description === '' ? {} : { description }),
      ...rest,
      where: written.where,
    },
    places: written.places,
  }
}

/** A title as a name that documents and addresses can carry: `Big spenders, 2026` is `big-spenders-2026`. */
export function nameOf(title: string): string {
  return title
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^[-_]+|[-_]+$/g, '')
    .slice(0, 60)
}

export interface PlacedProblems {
  rows: Map<string, Problem[]> // by the id of the row or group
  rest: Problem[] // of no row: of the name, of the rule as a whole
}

/** Each problem at its row. The root group is no row: what is wrong with the whole rule is told beside it. */
export function placeProblems(problems: readonly Problem[], places: readonly RowPlace[], root: string): PlacedProblems {
  const placed: PlacedProblems = { rows: new Map(), rest: [] }
  for (const problem of problems) {
    const id = problem.path ? rowAt(problem.path, places) : null
    if (id === null || id === root) placed.rest.push(problem)
    else placed.rows.set(id, [...(placed.rows.get(id) ?? []), problem])
  }
  return placed
}
