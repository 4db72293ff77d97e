/** The addresses of the screens. Each screen is a chunk of its own, fetched when it is first opened. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'

import type { ChannelWord } from '@/api/types'
import { Lost } from '@/parts/States'
import { isChannel } from '@/words/channels'

import { Shell } from './Shell'

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

const root = createRootRoute({ component: Shell, notFoundComponent: () => <Lost what="page" /> })

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('@/screens/overview/OverviewScreen'), 'OverviewScreen'),
})

const campaigns = createRoute({
  getParentRoute: () => root,
  path: '/campaigns',
  component: lazyRouteComponent(() => import('@/screens/campaigns/CampaignsScreen'), 'CampaignsScreen'),
})

const campaign = createRoute({
  getParentRoute: () => root,
  path: '/campaigns/$name',
  component: lazyRouteComponent(() => import('@/screens/campaigns/CampaignScreen'), 'CampaignScreen'),
})

/** Not under /campaigns: a campaign may itself be called `new`. */
const newCampaign = createRoute({
  getParentRoute: () => root,
  path: '/new-campaign',
  validateSearch: (search: Record<string, unknown>): { blueprint?: string; edit?: string } => ({
    blueprint: text(search.blueprint),
    edit: text(search.edit),
  }),
  component: lazyRouteComponent(() => import('@/screens/campaigns/NewCampaignScreen'), 'NewCampaignScreen'),
})

const customers = createRoute({
  getParentRoute: () => root,
  path: '/customers',
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
  component: lazyRouteComponent(() => import('@/screens/customers/CustomersScreen'), 'CustomersScreen'),
})

export type TimelineKind = 'message' | 'decision' | 'event'
const KINDS: readonly unknown[] = ['message', 'decision', 'event']

const customer = createRoute({
  getParentRoute: () => root,
  path: '/customers/$reference',
  validateSearch: (search: Record<string, unknown>): { kind?: TimelineKind } => ({
    kind: KINDS.includes(search.kind) ? (search.kind as TimelineKind) : undefined,
  }),
  component: lazyRouteComponent(() => import('@/screens/customers/CustomerScreen'), 'CustomerScreen'),
})

const outbox = createRoute({
  getParentRoute: () => root,
  path: '/outbox',
  validateSearch: (search: Record<string, unknown>): { channel?: ChannelWord; q?: string; message?: string } => {
    const channel = text(search.channel)
    return {
      channel: channel !== undefined && isChannel(channel) ? channel : undefined,
      q: text(search.q),
      message: text(search.message),
    }
  },
  component: lazyRouteComponent(() => import('@/screens/outbox/OutboxScreen'), 'OutboxScreen'),
})

const status = createRoute({
  getParentRoute: () => root,
  path: '/status',
  component: lazyRouteComponent(() => import('@/screens/status/StatusScreen'), 'StatusScreen'),
})

export const router = createRouter({
  routeTree: root.addChildren([overview, campaigns, campaign, newCampaign, customers, customer, outbox, status]),
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
