/** Who a customer is: identifiers, segments, computed traits, topics, and the merges that made one of two. */

import { queryOptions } from '@tanstack/react-query'

import { get, post, withQuery } from './client'
import type { CustomerRow, CustomerView } from './types'

export interface Identifier {
  kind: 'external_id' | 'email' | 'phone' | 'anonymous_id' | 'custom'
  value: string // of a custom one `name:value`
}

/** `asked` and `merging` until everything of the one that goes has arrived; `undoing` while it goes back. */
export type MergeStatus = 'asked' | 'merging' | 'merged' | 'undoing' | 'undone' | 'refused'

export interface Merge {
  id: string
  at: string
  cause: string
  status: MergeStatus
  customer: string // our id of the one that is gone
  winner: string // our id of the one into whom
  external_id: string // its external id
  undoable: boolean
  reason?: string | null // why it was refused
}

export interface PersonView extends CustomerView {
  identifiers?: Identifier[]
  segments?: { name: string; title: string }[]
  traits?: Record<string, unknown>
  topics?: Record<string, boolean>
  merges?: Merge[]
}

const ref = encodeURIComponent

export const personQuery = (reference: string) =>
  queryOptions({
    queryKey: ['customers', 'one', reference],
    queryFn: ({ signal }) => get<PersonView>(`/api/customers/${ref(reference)}`, signal),
    refetchInterval: 5_000,
  })

/** A short list to choose from. */
export const findQuery = (q: string) =>
  queryOptions({
    queryKey: ['customers', 'find', q],
    queryFn: async ({ signal }) =>
      (await get<{ customers: CustomerRow[] }>(withQuery('/api/customers', { q, limit: 8 }), signal)).customers,
    enabled: q !== '',
  })

/** The one called `gone` becomes part of the one called `stays`. */
export function askMerge(stays: string, gone: string): Promise<Merge> {
  return post<Merge>(`/api/customers/${ref(stays)}/merge`, { customer: gone })
}

export function undoMerge(id: string): Promise<Merge> {
  return post<Merge>(`/api/merges/${ref(id)}/undo`, {})
}
