/** Journeys over the wire: the graph with its people, one step, one enrollment's way, and the kinds of steps. */

import { queryOptions } from '@tanstack/react-query'

import { get, postDocument, withQuery } from './client'
import type { CampaignStatus, ChannelWord, Problem, ReasonCount, ReasonText } from './types'

const ref = encodeURIComponent

export interface JourneyNode {
  step: number
  name: string
  kind: string
  summary: string
  present: number
  entered: number
  departed: number
  quarantined: number
  left: { reason: string; count: number }[]
  channel?: ChannelWord | null
  preview?: { title?: string | null; body?: string | null } | null
  revision?: number | null // only that older revision has the step
}

/** `label` is empty when there is only one way; `share` is between 0 and 1 where chance decides. */
export interface JourneyEdge {
  from: string
  to: string
  label?: string
  share?: number | null
}

export interface Drawing {
  trigger: string
  segments: string[]
  goals: string[]
  exits: string[]
  nodes: JourneyNode[]
  edges: JourneyEdge[]
}

export interface JourneyGraph extends Drawing {
  name: string
  title: string
  status: CampaignStatus
  revision: number
  chosen: boolean
  revisions: { number: number; created_at: string; present: number; current: boolean }[]
}

export interface StepReport {
  name: string
  people: { enrollment: string; customer: string; since: string; until: string | null }[]
  messages: {
    channel: ChannelWord
    approved: number
    sent: number
    delivered: number
    opened: number
    clicked: number
    converted: number
    failed: number
  }[]
  reasons: ReasonCount[]
}

export interface PathEntry {
  at: string
  kind: 'entered' | 'message' | 'held' | 'dropped' | 'standing' | 'ended'
  step: string
  title: string
  detail?: string
  channel?: ChannelWord | null
  status?: string | null
  reasons?: ReasonText[]
  message_id?: string | null
  until?: string | null
}

export interface EnrollmentPath {
  id: string
  customer: string
  name: string
  title: string
  program_kind: 'campaign' | 'journey'
  revision_steps: string[]
  status: 'active' | 'completed' | 'exited' | 'quarantined'
  step: string
  visited: number
  entered_at: string
  arrived_at: string
  due_at: string | null
  ended_at: string | null
  exit_reason: string | null
  reached_at: string | null
  context: Record<string, unknown>
  kept: { kind: 'split' | 'experiment' | 'answer' | 'event' | 'digest'; name: string; value: unknown }[]
  entries: PathEntry[]
}

export interface FormField {
  name: string
  label: string
  kind: string // text, duration, moment, time, channel, content, filter, choice, and what else a step type names
  choices?: string[]
}

export interface StepKind {
  kind: string
  word: string // what documents call it
  words: string[] // and what else they may
  label: string
  form: FormField[]
}

export const graphQuery = (name: string, revision?: number) =>
  queryOptions({
    queryKey: ['campaigns', name, 'graph', revision ?? 'all'],
    queryFn: ({ signal }) => get<JourneyGraph>(withQuery(`/api/journeys/${ref(name)}/graph`, { revision }), signal),
    refetchInterval: 2_000,
  })

export const stepQuery = (name: string, step: string) =>
  queryOptions({
    queryKey: ['campaigns', name, 'steps', step],
    queryFn: ({ signal }) => get<StepReport>(`/api/journeys/${ref(name)}/steps/${ref(step)}`, signal),
    refetchInterval: 3_000,
  })

export const pathQuery = (customer: string, enrollment: string) =>
  queryOptions({
    queryKey: ['customers', customer, 'enrollments', enrollment],
    queryFn: ({ signal }) => get<EnrollmentPath>(`/api/customers/${ref(customer)}/enrollments/${ref(enrollment)}`, signal),
    refetchInterval: 3_000,
  })

export const stepTypesQuery = queryOptions({
  queryKey: ['step-types'],
  queryFn: async ({ signal }) => (await get<{ types: StepKind[] }>('/api/step-types', signal)).types,
  staleTime: Infinity,
})

export interface Drawn {
  drawing: Drawing | null // null while the document is wrong
  problems: Problem[]
}

/** A document as a graph, before it is applied. */
export function drawDocument(text: string): Promise<Drawn> {
  return postDocument<Drawn>('/api/journeys/draw', text)
}
