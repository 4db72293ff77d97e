/** A rule over customers as a form holds it: groups of rows. `read.ts` makes it of a filter, `write.ts` a filter of it. */

export type Spec = Record<string, unknown>

/** What stands in a group. `id` holds on screen only; it is in no document. */
export type Rule = Group | Row
export type Row = FieldRow | EventRow | MessageRow | PercentRow | OtherRow

export type Mode = 'all' | 'any' | 'none'

/** How a group is written, so that what nobody changed comes back as it was. */
export type Form = 'map' | 'list' | '$and' | '$or' | '$nor' | '$not'

export interface Group {
  id: string
  kind: 'group'
  mode: Mode
  form: Form
  rules: Rule[]
}

export const OPERATORS = [
  '$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$between', '$exists', '$contains', '$startsWith', '$near',
] as const
export type Operator = (typeof OPERATORS)[number]

/** `value` is the operand as documents write it; see `isOperand`. */
export interface FieldRow {
  id: string
  kind: 'field'
  field: string // dotted
  op: Operator
  not: boolean // written {$not: {op: value}}
  bare: boolean // written {field: value}, without an operator
  value: unknown
}

export const TAKES = ['count', 'sum', 'average', 'min', 'max', 'first', 'last', 'most'] as const
export type Take = (typeof TAKES)[number]

/** One comparison of what the events came to. */
export interface TakeTest {
  take: Take
  op: Operator
  bare: boolean
  value: unknown
}

export type Window =
  | { kind: 'ever' }
  | { kind: 'within'; within: string } // (now - within, now]
  | { kind: 'from_to'; within: string; until: string } // (now - within, now - until]
  | { kind: 'during'; during: string } // a calendar word
  | { kind: 'fixed'; since: string | null; before: string | null }

export const CALENDAR = [
  'today', 'yesterday', 'this_week', 'last_week', 'this_month', 'last_month', 'this_quarter', 'last_quarter',
  'this_year', 'last_year',
] as const

export interface EventRow {
  id: string
  kind: 'event'
  did: boolean
  events: string[] // any of them
  as: 'text' | 'list' | 'bare' // how they are written: {event: "a"}, {event: ["a"]}, {$did: "a"}
  where: Group | null // over the event's properties
  tests: TakeTest[] // without any: at least once
  of: string | null // the property that sum, average, ... are over; null: `value`
  window: Window
}

export const DEEDS = ['opened', 'clicked', 'delivered', 'bounced', 'unsubscribed', 'complained'] as const

export interface MessageRow {
  id: string
  kind: 'message'
  not: boolean // written {$not: {$message: ...}}
  did: string[] // any of them
  channels: string[] // none: any
  lists: boolean // written as lists, also one by itself
  where: Group | null // over the properties of what became of the message
  tests: TakeTest[]
  window: Window
}

export interface PercentRow {
  id: string
  kind: 'percent'
  of: number
  salt: string | null
}

/** What the form has no fields for: kept exactly, shown as it is written. */
export interface OtherRow {
  id: string
  kind: 'other'
  spec: unknown
}

let last = 0

/** A new id for the screen. */
export function newId(): string {
  last += 1
  return `r${last}`
}

export function isSpec(value: unknown): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const FORM_OF: Record<Mode, Form> = { all: 'map', any: '$or', none: '$nor' }

export function newGroup(mode: Mode = 'all', rules: Rule[] = []): Group {
  return { id: newId(), kind: 'group', mode, form: FORM_OF[mode], rules }
}

/** The group in another mode, written in that mode's usual way. */
export function withMode(group: Group, mode: Mode): Group {
  return mode === group.mode ? group : { ...group, mode, form: FORM_OF[mode] }
}

export function newField(field: string, op: Operator = '$eq', value: unknown = ''): FieldRow {
  return { id: newId(), kind: 'field', field, op, not: false, bare: op === '$eq', value }
}

export function newEvent(event = ''): EventRow {
  return { id: newId(), kind: 'event', did: true, events: [event], as: 'text', where: null, tests: [], of: null, window: { kind: 'ever' } }
}

export function newMessage(): MessageRow {
  return {
    id: newId(), kind: 'message', not: false, did: ['opened'], channels: [], lists: false, where: null, tests: [],
    window: { kind: 'within', within: '30d' },
  }
}

/** The rows that the form cannot take apart. */
export function othersIn(group: Group): OtherRow[] {
  return group.rules.flatMap((rule) => {
    if (rule.kind === 'other') return [rule]
    if (rule.kind === 'group') return othersIn(rule)
    return (rule.kind === 'event' || rule.kind === 'message') && rule.where ? othersIn(rule.where) : []
  })
}
