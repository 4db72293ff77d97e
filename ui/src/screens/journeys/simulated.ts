/** What a simulation says about one node of the canvas. Pure. */

import type { Count, SimulatedStep, SimulationReport } from '@/api/simulations'
import type { ShownNode } from '@/words/journeys/fold'
import { shortCount } from '@/words/numbers'

import type { Figures } from './StepNode'

/** The report of a step: its parts in their order, and them together. */
export function partsOf(node: ShownNode, report: SimulationReport): SimulatedStep[] {
  return node.parts.map(({ name }) => report.steps.find((step) => step.name === name)).filter((step) => step !== undefined)
}

export interface SimulatedSum {
  entered: number
  waiting: number
  passed: number
  left: number
  exits: Count[]
  sent: Record<string, number>
  held: Count[]
  dropped: Count[]
}

export function sumOf(node: ShownNode, report: SimulationReport): SimulatedSum | null {
  const parts = partsOf(node, report)
  const [first] = parts
  if (!first) return null
  const add = (pick: (step: SimulatedStep) => number): number => parts.reduce((all, step) => all + pick(step), 0)
  const [waiting, left] = [add((step) => step.waiting), add((step) => step.left)]
  const sent: Record<string, number> = {}
  for (const [channel, count] of parts.flatMap((step) => Object.entries(step.sent))) sent[channel] = (sent[channel] ?? 0) + count
  return {
    entered: first.entered,
    waiting,
    left,
    passed: Math.max(0, first.entered - waiting - left),
    sent,
    exits: merge(parts.flatMap((step) => step.exits)),
    held: merge(parts.flatMap((step) => step.held)),
    dropped: merge(parts.flatMap((step) => step.dropped)),
  }
}

function merge(counts: readonly Count[]): Count[] {
  const found = new Map<string, Count>()
  for (const one of counts) found.set(one.word, { ...one, count: one.count + (found.get(one.word)?.count ?? 0) })
  return [...found.values()]
}

export function simulatedFigures(node: ShownNode, report: SimulationReport): Figures | null {
  const sum = sumOf(node, report)
  if (!sum) return null
  if (node.kind === 'exit') return { main: `${shortCount(sum.entered)} end here`, rest: [], marked: false }
  const sent = Object.values(sum.sent).reduce((all, each) => all + each, 0)
  return {
    main: sent > 0 ? `${shortCount(sent)} sent` : `${shortCount(sum.entered)} come`,
    rest: [
      ...(sent > 0 ? [`${shortCount(sum.entered)} come`] : []),
      `${shortCount(sum.passed)} go on`,
      ...(sum.waiting > 0 ? [`${shortCount(sum.waiting)} wait`] : []),
      ...(sum.left > 0 ? [`${shortCount(sum.left)} leave`] : []),
    ],
    marked: sent > 0,
  }
}
