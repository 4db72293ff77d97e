/**
 * Changes to a journey's document as text. The text is the truth: each change reads it, changes one thing, and writes
 * it again with its comments and its order. Pure.
 */

import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'

import type { FormField, StepKind } from '@/api/journeys'

export const EXIT = 'exit' // where every journey ends; no step of a document need be called so

/** A step as the document has it. */
export interface DraftStep {
  name: string
  word: string // its type, as documents call it
  fields: Record<string, unknown>
}

const WRITING = { lineWidth: 0, indentSeq: true, minContentWidth: 0 } as const

/** The document; null when the text is none, or has no list of steps. */
function read(text: string): { document: Document; steps: YAMLSeq } | null {
  const document = parseDocument(text)
  if (document.errors.length > 0 || !isMap(document.contents)) return null
  const steps = document.get('steps')
  return isSeq(steps) ? { document, steps } : null
}

/** The name given, else the one that the server gives: the type and the place. */
function nameOf(step: unknown, place: number): string {
  const name = isMap(step) ? plain(step.get('name')) : ''
  const type = isMap(step) ? plain(step.get('type')) : ''
  return name || `${type || 'message'}-${place + 1}`
}

function placeOf(steps: YAMLSeq, name: string): number {
  return steps.items.findIndex((step, place) => nameOf(step, place) === name)
}

function find(steps: YAMLSeq, name: string): YAMLMap | null {
  const found = steps.items[placeOf(steps, name)]
  return isMap(found) ? found : null
}

/** The steps in their order; null when the text cannot be read. */
export function readSteps(text: string): DraftStep[] | null {
  const found = read(text)
  if (!found) return null
  return found.steps.items.map((step, place) => {
    const fields = (isMap(step) ? step.toJS(found.document) : {}) as Record<string, unknown>
    return { name: nameOf(step, place), word: plain(fields.type) || MESSAGE, fields }
  })
}

const MESSAGE = 'message' // what a step is that does not say


function plain(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function change(text: string, act: (document: Document, steps: YAMLSeq) => void): string {
  const found = read(text)
  if (!found) return text
  act(found.document, found.steps)
  return found.document.toString(WRITING)
}

/** Other names of a field in documents: it stands under one of them only. */
const ALIASES: Record<string, readonly string[]> = {
  for: ['seconds', 'delay', 'delay_seconds'],
  delay: ['delay_seconds'],
  timeout: ['timeout_seconds'],
  engagement: ['engagement_type'],
  set: ['profile_updates'],
  program: ['journey', 'campaign'],
}

/** A field's value, under whatever name it stands. Bare seconds are told as such. */
export function readField(step: DraftStep, field: FormField): unknown {
  const name = [field.name, ...(ALIASES[field.name] ?? [])].find((each) => step.fields[each] !== undefined)
  const value = name === undefined ? undefined : step.fields[name]
  return field.kind === 'duration' && typeof value === 'number' ? `${value}s` : value
}

/** Sets one field of a step; `undefined` takes it away. */
export function setField(text: string, step: string, field: string, value: unknown): string {
  return change(text, (document, steps) => {
    const map = find(steps, step)
    if (!map) return
    for (const alias of ALIASES[field] ?? []) map.delete(alias)
    if (value === undefined) map.delete(field)
    else map.set(field, document.createNode(value))
  })
}

/** Puts a new step behind another; without one at the end. */
export function addStep(text: string, behind: string | null, step: DraftStep): string {
  return change(text, (document, steps) => {
    const place = behind === null ? -1 : placeOf(steps, behind)
    const node = document.createNode({ name: step.name, type: step.word, ...step.fields })
    steps.items.splice(place < 0 ? steps.items.length : place + 1, 0, node)
    steps.flow = false
  })
}

/** Takes a step away. Whoever was led to it is led to the one behind it, those who stand there too. */
export function removeStep(text: string, name: string): string {
  return change(text, (document, steps) => {
    const place = placeOf(steps, name)
    if (place < 0) return
    const behind = place + 1 < steps.items.length ? nameOf(steps.items[place + 1], place + 1) : EXIT
    steps.items.splice(place, 1)
    retarget(document, steps, name, behind)
    moveOn(document, name, behind)
  })
}

/** Gives a step another name, wherever it is named as a target. */
export function renameStep(text: string, name: string, next: string): string {
  return change(text, (document, steps) => {
    const map = find(steps, name)
    if (!map || find(steps, next)) return
    map.set('name', next)
    retarget(document, steps, name, next)
    moveOn(document, name, next)
  })
}

/** Where a new revision moves people, it says where those on a step go whose name is gone. */
function moveOn(document: Document, from: string, to: string): void {
  if (document.get('existing') === 'move') document.setIn(['moves', from], to)
}

/** The fields that name steps: those of steps, those of their paths, and those of decision points. */
const TARGETS = new Set(['otherwise', 'engaged', 'arrived', 'holds', 'timed_out', 'failed', 'messages', 'next'])
const OF_PATHS = new Set(['go'])
const OF_DECISIONS = new Set(['after', 'step_name', 'go', 'target_step'])

/** Conditions and contents may have fields of the same names, so that only those are walked that name steps. */
function retarget(document: Document, steps: YAMLSeq, from: string, to: string): void {
  const put = (node: unknown): void => {
    if (isScalar(node) && node.value === from) node.value = to
    if (isSeq(node)) node.items.forEach(put)
  }
  const walk = (map: unknown, fields: ReadonlySet<string>): void => {
    if (isMap(map)) for (const { key, value } of map.items) if (fields.has(String(isScalar(key) ? key.value : key))) put(value)
  }
  for (const step of steps.items) {
    walk(step, TARGETS)
    const paths = isMap(step) ? step.get('paths') : null
    if (isSeq(paths)) for (const path of paths.items) walk(path, OF_PATHS)
  }
  const decisions = document.get('decision_points')
  for (const decision of isSeq(decisions) ? decisions.items.filter(isMap) : []) {
    walk(decision, OF_DECISIONS)
    for (const inner of [decision.get('when'), decision.get('conditions')]) {
      if (isSeq(inner)) for (const condition of inner.items) walk(condition, OF_DECISIONS)
    }
  }
  const moves = document.get('moves')
  if (isMap(moves)) for (const { value } of moves.items) put(value)
}

/** A name that no step has yet: `message`, `message-2`. */
export function freeName(steps: readonly DraftStep[], word: string): string {
  const base = word.replaceAll('_', '-')
  const taken = new Set(steps.map(({ name }) => name))
  if (!taken.has(base) && base !== EXIT) return base
  let number = 2
  while (taken.has(`${base}-${number}`)) number += 1
  return `${base}-${number}`
}

/** What a new step begins with, so that it can be drawn at once; the rest is up to its form. */
const STARTERS: Record<string, Record<string, unknown>> = {
  message: { channel: 'email', content: { subject: 'Subject', html: '<p>Hello {{first_name}}</p>' } },
  wait: { for: '1d' },
  wait_until: { time: '09:00' },
  wait_for_engagement: { engagement: ['view'], timeout: '2d' },
  wait_for_event: { event: 'purchase', timeout: '2d' },
  wait_for_condition: { until: { lifecycle_stage: 'active' }, timeout: '2d' },
  branch: { paths: [{ name: 'active', when: { lifecycle_stage: 'active' }, go: EXIT }] },
  split: { paths: [{ name: 'a', percent: 50 }, { name: 'b', percent: 50 }] },
  update_profile: { add_tags: ['journey'] },
  action: { url: 'https://example.com/hook', body: { customer: '{{customer_id}}' } },
  emit_event: { event: 'journey_step' },
  enter: { program: 'welcome-series' },
  digest: { event: 'product_viewed', window: '1d' },
  exit: { reason: 'left' },
}

export function starter(steps: readonly DraftStep[], word: string): DraftStep {
  return { name: freeName(steps, word), word, fields: STARTERS[word] ?? {} }
}

/** The targets of a step that its form names: what leads there, and the step. The next one when none is named. */
export function readTargets(step: DraftStep, type: StepKind | undefined, next: string): { label: string; to: string }[] {
  if (type?.kind === EXIT) return []
  const then = plain(step.fields.next) || next
  const found: { label: string; to: string }[] = []
  for (const field of type?.form ?? []) {
    const value = step.fields[field.name]
    if (field.kind === 'step' && field.name !== 'next') found.push({ label: field.name.replaceAll('_', ' '), to: plain(value) || then })
    if ((field.kind === 'paths' || field.kind === 'shares') && Array.isArray(value)) {
      for (const path of value as { name?: unknown; go?: unknown }[]) found.push({ label: plain(path.name), to: plain(path.go) || then })
    }
  }
  // Where a form has `next` too, it goes on there beside its targets.
  if (found.length === 0 || type?.form.some(({ name }) => name === 'next')) found.push({ label: '', to: then })
  return found
}

export function typeOf(types: readonly StepKind[], word: string): StepKind | undefined {
  return types.find(({ words }) => words.includes(word))
}

/** The step that a problem's path speaks of: `steps[2].timeout` or `steps[hello].content`. */
export function problemStep(path: string | undefined, steps: readonly DraftStep[]): string | null {
  const inside = /^steps\[([^\]]+)\]/.exec(path ?? '')?.[1]
  if (inside === undefined) return null
  if (/^\d+$/.test(inside)) return steps[Number(inside)]?.name ?? null
  return steps.some(({ name }) => name === inside) ? inside : null
}
