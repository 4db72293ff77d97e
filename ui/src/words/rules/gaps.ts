/** What a person has still to fill in before a rule can be asked. Pure; the API judges everything else. */

import { type Group, type Rule, type TakeTest, type Window } from './model'
import { readSpan } from './operands'

/** What is missing, by the id of the row or group. Empty when the rule can be asked. */
export function gapsIn(group: Group): Map<string, string> {
  const gaps = new Map<string, string>()
  for (const rule of group.rules) look(rule, gaps)
  return gaps
}

function look(rule: Rule, gaps: Map<string, string>): void {
  const gap = gapOf(rule)
  if (gap) gaps.set(rule.id, gap)
  const inside = rule.kind === 'group' ? rule.rules : rule.kind === 'event' || rule.kind === 'message' ? (rule.where?.rules ?? []) : []
  for (const each of inside) look(each, gaps)
}

function gapOf(rule: Rule): string | null {
  switch (rule.kind) {
    case 'group': return rule.rules.length === 0 && rule.mode !== 'all' ? 'Add a condition, or remove this group.' : null
    case 'field':
      if (rule.field === '' || rule.field.endsWith('.')) return 'Choose what is compared.'
      return gapOfValue(rule.value)
    case 'event':
      if (rule.events.length === 0 || rule.events.includes('')) return 'Choose an event.'
      return gapOfTests(rule.tests) ?? gapOfWindow(rule.window)
    case 'message':
      if (rule.did.length === 0) return 'Choose what became of the message.'
      return gapOfTests(rule.tests) ?? gapOfWindow(rule.window)
    case 'percent': return Number.isFinite(rule.of) ? null : 'Say how many percent.'
    case 'other': return null
  }
}

function gapOfValue(value: unknown): string | null {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.length === 0 || values.some((each) => each === '') ? 'Fill in the value.' : null
}

function gapOfTests(tests: readonly TakeTest[]): string | null {
  return tests.map(({ value }) => gapOfValue(value)).find((gap) => gap !== null) ?? null
}

function gapOfWindow(window: Window): string | null {
  const blank = (text: string) => text.trim() === ''
  if (window.kind === 'within') return blank(window.within) ? 'Say how long.' : null
  if (window.kind === 'from_to') return blank(window.within) || blank(window.until) ? 'Say from when to when.' : gapOfOrder(window)
  if (window.kind === 'fixed') return window.since === null && window.before === null ? 'Choose a date.' : null
  return null
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** `from 60 to 30 days ago`: the first must be the longer ago. */
function gapOfOrder({ within, until }: { within: string; until: string }): string | null {
  const [from, to] = [readSpan(within), readSpan(until)]
  if (!from || !to) return null
  return from.amount * SECONDS[from.unit] > to.amount * SECONDS[to.unit] ? null : 'The first must be longer ago than the second.'
}
