/** What the screens ask, under one key each. Keys begin with the noun, so that a change can refresh all of a kind. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'

import { get, withQuery } from './client'
import type {
  Blueprint,
  CampaignRow,
  CampaignView,
  ChannelWord,
  CustomerRow,
  OutboxMessage,
  OutboxPage,
  Overview,
  StatusView,
  TimelineEntry,
} from './types'

const ref = encodeURIComponent
const SOON = 5_000 // ms between two looks at numbers that move

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => get<Overview>('/api/overview', signal),
})

export const campaignsQuery = queryOptions({
  queryKey: ['campaigns'],
  queryFn: async ({ signal }) => (await get<{ campaigns: CampaignRow[] }>('/api/campaigns', signal)).campaigns,
  refetchInterval: SOON,
})

export const campaignQuery = (name: string) =>
  queryOptions({
    queryKey: ['campaigns', name],
    queryFn: ({ signal }) => get<CampaignView>(`/api/campaigns/${ref(name)}`, signal),
    refetchInterval: 3_000,
  })

export const blueprintsQuery = queryOptions({
  queryKey: ['blueprints'],
  queryFn: async ({ signal }) => {
    const answer = await get<Blueprint[] | { blueprints: Blueprint[] }>('/api/blueprints', signal)
    return Array.isArray(answer) ? answer : answer.blueprints
  },
  staleTime: Infinity,
})

export const customersQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['customers', 'search', q],
    queryFn: ({ pageParam, signal }) =>
      get<{ customers: CustomerRow[]; next: string | null }>(
        withQuery('/api/customers', { q, limit: 50, before: pageParam }),
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
    placeholderData: keepPreviousData,
  })

export const timelineQuery = (reference: string) =>
  infiniteQueryOptions({
    queryKey: ['customers', 'timeline', reference],
    queryFn: ({ pageParam, signal }) =>
      get<{ entries: TimelineEntry[]; next: string | null }>(
        withQuery(`/api/customers/${ref(reference)}/timeline`, { limit: 60, before: pageParam }),
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
    refetchInterval: SOON,
  })

export const OUTBOX_PAGE = 100 // messages listed at once

export const outboxQuery = (channel: ChannelWord | undefined, q: string) =>
  queryOptions({
    queryKey: ['outbox', 'list', channel ?? 'all', q],
    queryFn: ({ signal }) =>
      get<OutboxPage>(withQuery('/api/outbox/messages', { channel, q, limit: OUTBOX_PAGE }), signal),
    placeholderData: keepPreviousData,
  })

export const outboxMessageQuery = (id: string) =>
  queryOptions({
    queryKey: ['outbox', 'message', id],
    queryFn: ({ signal }) => get<OutboxMessage>(`/api/outbox/messages/${ref(id)}`, signal),
    staleTime: Infinity, // what arrived does not change
  })

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => get<StatusView>('/api/status', signal),
  refetchInterval: SOON,
})
