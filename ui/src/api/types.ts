/** The shapes that the HTTP API answers with, under the names it uses. Times are ISO 8601 in UTC. */

export type ChannelWord = 'email' | 'sms' | 'push' | 'in_app' | 'social' | 'webhook' | 'retargeting'
export type CampaignStatus = 'draft' | 'scheduled' | 'running' | 'paused' | 'completed' | 'cancelled'
export type CampaignKind = 'event' | 'state' | 'broadcast'
export type Verdict = 'send' | 'hold' | 'drop'

/** One thing that is wrong with an input: where it is, and what to do. */
export interface Problem {
  code: string
  message: string
  path?: string
  fix?: string
}

export interface ChannelNumbers {
  channel: ChannelWord
  sent: number
  delivered: number
  failed: number
  opened: number
  clicked: number
  converted: number
  revenue: number // in the brand's currency
}

/** Counts of messages over a time range; `revenue` is in the brand's currency. */
export interface Totals {
  approved: number
  sent: number
  delivered: number
  failed: number
  opened: number
  clicked: number
  converted: number
  revenue: number
  dropped: number
  held: number
  unknown: number
  unsubscribed: number
  bounced?: number
}

export interface SeriesPoint {
  at: string // the start of the hour
  sent: number
  opened: number
  clicked: number
  converted: number
}

export interface Worker {
  id: string
  kind: string
  detail: string | Record<string, unknown> | null
  seen_at: string
  alive: boolean
}

export interface CampaignRow {
  name: string
  title: string
  status: CampaignStatus
  kind: CampaignKind
  trigger: string
  revision: number
  channels: ChannelWord[]
  created_at: string
  started_at: string | null
  enrolled: number
  active: number
  sent: number
  delivered: number
  failed: number
  opened: number
  clicked: number
  converted: number
  revenue: number
  dropped: number
  held: number
  program_kind: 'campaign' | 'journey'
  reached: number // enrollments that came to their goal
}

export interface Overview {
  now: string
  customers: number
  enrollments_active: number
  totals: Totals
  last_hour: Totals
  channels: ChannelNumbers[]
  campaigns: CampaignRow[]
  waiting: { approved: number; timers_due: number }
  workers: Worker[]
  series: SeriesPoint[]
  currency?: string
}

export interface StepView {
  index: number
  name: string
  kind: string
  summary: string
  channel?: ChannelWord | null
  conditions?: unknown
  fallback?: ChannelWord | null
  preview?: { title?: string | null; body?: string | null } | null
  present: number
  entered: number
  departed: number
}

/** Shares between 0 and 1; null when there is nothing to divide by. */
export interface Rates {
  delivery: number | null
  open: number | null
  click: number | null
  conversion: number | null
}

export interface ReasonCount {
  verdict: Verdict
  reason: string
  text: string
  channel: ChannelWord | null
  count: number
}

export interface LaunchView {
  id: string
  kind: string
  created_at: string
  enrolled: number
  refused: number
  done_lanes: number
  lanes: number
}

export interface CampaignView extends CampaignRow {
  description: string
  document: unknown
  segments: string[]
  frequency: string[]
  success_metrics: string[]
  steps: StepView[]
  by_channel: (ChannelNumbers & { rates: Rates })[]
  reasons: ReasonCount[]
  launches: LaunchView[]
  series: SeriesPoint[]
}

export interface Blueprint {
  name: string
  title: string
  description: string
  document: unknown
}

export interface Applied {
  name: string
  revision: number | null
  changed: boolean
  action: 'create' | 'update' | 'unchanged'
  changes?: string[]
  steps?: PlanStep[]
}

/** What a new revision does with those who stand on a step of an older one. */
export interface PlanStep {
  revision: number
  step: string
  people: number
  action: 'moves' | 'stays' | 'leaves'
  to: string | null
}

export interface CustomerRow {
  id: string
  external_id: string
  name: string | null
  email: string | null
  phone: string | null
  tags: string[]
  lifecycle_stage: string
  created_at: string | null
  last_interaction_at: string | null
}

export interface EnrollmentView {
  id: string
  campaign: string
  title: string
  step: number
  step_name: string | null
  status: 'active' | 'completed' | 'exited' | 'quarantined'
  entered_at: string
  due_at: string | null
  exit_reason: string | null
}

export interface Suppression {
  address: string
  reason: string
  at?: string | null
}

export interface CustomerView extends CustomerRow {
  devices?: { token: string; platform?: string }[]
  handles?: Record<string, string>
  attributes?: Record<string, unknown>
  timezone?: string | null
  locale?: string | null
  preferences?: Record<string, boolean>
  caps?: Record<string, number>
  consents?: Record<string, boolean>
  suppressions?: Record<string, Suppression>
  last_purchase_at?: string | null
  enrollments: EnrollmentView[]
  summary: {
    sent: number
    opened: number
    clicked: number
    converted: number
    revenue: number
    by_channel?: Partial<ChannelNumbers>[] | Record<string, Partial<ChannelNumbers>>
  }
}

export interface ReasonText {
  code: string
  text: string
}

export interface TimelineEntry {
  id: string
  at: string
  kind: 'event' | 'message' | 'decision'
  title: string
  detail?: string | null
  channel?: ChannelWord | null
  campaign?: string | null
  campaign_title?: string | null
  status?: string | null
  reasons?: ReasonText[]
  message_id?: string | null
  properties?: Record<string, unknown> | null
  until?: string | null
}

export interface OutboxRow {
  id: string
  channel: ChannelWord
  at: string
  to: string
  from: string
  title: string
  preview: string
}

/** A message as it came over the wire; which of the optional fields are there depends on the channel. */
export interface OutboxMessage extends OutboxRow {
  subject?: string
  headers?: Record<string, string> | [string, string][]
  html?: string | null
  text?: string | null
  body?: unknown
  url?: string | null
  tokens?: string[]
  data?: Record<string, string>
  verified?: boolean | null
}

export interface OutboxPage {
  messages: OutboxRow[]
  counts: Partial<Record<ChannelWord, number>>
}

export interface StatusView {
  version: string
  database: string | Record<string, unknown>
  lanes: number
  channels: { channel: ChannelWord; provider: string | null; problems: Problem[] }[]
  workers: Worker[]
}
