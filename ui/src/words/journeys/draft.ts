/** A drawing of a document that the server cannot compile yet, so that what is wrong can be mended on the canvas. Pure. */

import type { Drawing, JourneyEdge, JourneyNode, StepKind } from '@/api/journeys'
import type { ChannelWord } from '@/api/types'
import { isChannel } from '@/words/channels'

import { type DraftStep, EXIT, readTargets, typeOf } from './document'

/** The steps as they are written; words come from the last drawing that the server made. */
export function drawDraft(steps: readonly DraftStep[], types: readonly StepKind[], last: Drawing | null): Drawing {
  const told = new Map(last?.nodes.map((node) => [node.name, node]))
  const nodes = steps.map((step, place): JourneyNode =>
    blank(step.name, typeOf(types, step.word)?.kind ?? step.word, place, told.get(step.name)?.summary ?? '', channelOf(step)))
  nodes.push(blank(EXIT, EXIT, nodes.length, told.get(EXIT)?.summary ?? '', null))
  const edges = steps.flatMap((step, place): JourneyEdge[] => {
    const next = steps[place + 1]?.name ?? EXIT
    return readTargets(step, typeOf(types, step.word), next).map(({ label, to }) => ({ from: step.name, to, label }))
  })
  return {
    trigger: last?.trigger ?? '', segments: last?.segments ?? [], goals: last?.goals ?? [], exits: last?.exits ?? [],
    nodes,
    edges,
  }
}

function blank(name: string, kind: string, step: number, summary: string, channel: ChannelWord | null): JourneyNode {
  return { step, name, kind, summary, channel, present: 0, entered: 0, departed: 0, quarantined: 0, left: [] }
}

function channelOf(step: DraftStep): ChannelWord | null {
  const { channel } = step.fields
  return typeof channel === 'string' && isChannel(channel) ? channel : null
}
