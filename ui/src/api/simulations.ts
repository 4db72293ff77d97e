/** Simulations over the wire: what a document would do, before anything is sent. */

import { post } from './client'

export interface Count {
  word: string
  count: number
  text?: string
}

export interface SimulatedStep {
  name: string
  kind: string
  summary: string
  entered: number
  waiting: number
  passed: number
  left: number
  exits: Count[]
  sent: Record<string, number>
  held: Count[]
  dropped: Count[]
}

export interface SimulatedDay {
  date: string
  entered: number
  left: number
  reached: number
  sent: number
  held: number
  dropped: number
  channels: Record<string, number>
}

export interface SimulatedLine {
  at: string
  local: string // on the customer's own clock
  kind: string // entered, refused, sent, held, dropped, did, step, left, waits
  text: string
  step?: string
  channel?: string
}

export interface SimulationReport {
  name: string
  title: string
  people: string // made-up, segment or real
  segment: string | null
  seed: number
  days: number
  start: string
  end: string
  timezone: string
  totals: Record<
    | 'customers' | 'touched' | 'entered' | 'refused' | 'waiting' | 'finished' | 'exited' | 'reached' | 'sent' | 'held'
    | 'dropped' | 'opened' | 'clicked' | 'converted' | 'unsubscribed' | 'revenue',
    number
  >
  steps: SimulatedStep[]
  exits: Count[]
  refused: Count[]
  goals: Count[]
  daily: SimulatedDay[]
  examples: { customer: string; timezone: string; outcome: string; like: number; lines: SimulatedLine[] }[]
  notes: string[]
}

export interface SimulationOrder {
  document: unknown
  customers: number
  days: number
  seed: number
  segment?: string // real people of it, read only; without it made-up ones
}

/** The largest run that the screens may ask for; larger ones run as `motet simulate`. */
export const MOST_CUSTOMERS = 20_000
export const MOST_DAYS = 92

export function simulate(order: SimulationOrder, signal?: AbortSignal): Promise<SimulationReport> {
  return post<SimulationReport>('/api/simulations', order, signal)
}
