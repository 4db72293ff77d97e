/** Segments, computed traits, the lifecycle: their shapes on the wire, and what the screens ask of them. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'

import { get, post } from './client'
import type { CustomerRow } from './types'

export type SegmentStatus = 'building' | 'live' | 'archived'

export interface SegmentRow {
  name: string
  title: string
  description: string
  status: SegmentStatus
  members: number | null // null while the first build runs, and of an archived one
  progress: { looked: number; customers: number } | null // of a build: customers looked over, of how many
  where: unknown
  document: unknown
  updated_at: string
  used_by: string[] // campaigns
}

export interface SegmentList {
  segments: SegmentRow[]
  customers: number // in all
}

export interface SegmentView extends SegmentRow {
  sample: CustomerRow[]
}

/** `count` of `total` customers match at the moment `as_of`. */
export interface Preview {
  count: number
  total: number
  share: number
  as_of: string
  took_ms: number
  sample: CustomerRow[]
}

export interface AppliedDocument {
  kind: string
  name: string
  action: 'create' | 'update' | 'unchanged'
  changes: string[]
}

export interface FoundCustomers {
  customers: CustomerRow[]
  next: string | null
  total: number // of all pages
}

/** A field or property as it was seen: its kind, and some of its values. */
export interface Known {
  name: string
  kind: string
  examples: unknown[]
}

export interface KnownEvent {
  name: string
  count?: number | null
  last_at?: string | null
  properties: Known[]
}

export interface Named {
  name: string
  title?: string | null
}

/** What conditions can name, learned from what is there. */
export interface Vocabulary {
  fields: Known[]
  events: KnownEvent[]
  segments: Named[]
  traits: Named[]
  tags: string[]
  stages: string[]
  topics: string[]
}

export interface TraitRow {
  name: string
  title: string
  document: Record<string, unknown>
  ready: boolean
  updated_at: string
  used_by?: string[]
}

export interface LifecycleStage {
  stage: string
  when: unknown
}

const ref = encodeURIComponent
const BUILDING = 1_000 // ms between two looks at a build
const LIVE = 3_000

export const segmentsQuery = queryOptions({
  queryKey: ['segments', 'list'],
  queryFn: ({ signal }) => get<SegmentList>('/api/segments', signal),
  refetchInterval: ({ state }) => (state.data?.segments.some(({ progress }) => progress !== null) ? BUILDING : LIVE),
})

export const segmentQuery = (name: string) =>
  queryOptions({
    queryKey: ['segments', 'one', name],
    queryFn: ({ signal }) => get<SegmentView>(`/api/segments/${ref(name)}`, signal),
    refetchInterval: ({ state }) => (state.data?.progress ? BUILDING : LIVE),
  })

/** Asked anew for each rule; the number before stays in sight, dimmed, until the new one is there. */
export const previewQuery = (where: unknown) =>
  queryOptions({
    queryKey: ['segments', 'preview', JSON.stringify(where)],
    queryFn: ({ signal }) => post<Preview>('/api/segments/preview', { where }, signal),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    retry: false,
  })

export const vocabularyQuery = queryOptions({
  queryKey: ['vocabulary'],
  queryFn: ({ signal }) => get<Vocabulary>('/api/vocabulary', signal),
  staleTime: 30_000,
})

export const foundQuery = (where: unknown, segment: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['customers', 'find', JSON.stringify(where), segment ?? ''],
    queryFn: ({ pageParam, signal }) =>
      post<FoundCustomers>(
        '/api/customers/find',
        { where: where ?? {}, ...(segment === undefined ? {} : { segment }), limit: 50, ...(pageParam === null ? {} : { before: pageParam }) },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    retry: false,
  })

export const traitsQuery = queryOptions({
  queryKey: ['traits'],
  queryFn: async ({ signal }) => (await get<{ traits: TraitRow[] }>('/api/traits', signal)).traits,
  refetchInterval: LIVE,
})

export const lifecycleQuery = queryOptions({
  queryKey: ['lifecycle'],
  queryFn: ({ signal }) => get<{ kind: 'lifecycle'; stages: LifecycleStage[] }>('/api/lifecycle', signal),
  staleTime: Infinity, // a form is filled from it; it is asked again after saving
})
