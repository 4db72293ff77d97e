/** The addresses of the screens. Each screen is a chunk of its own, fetched when it is first opened. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'

import type { SeenStatus } from '@/api/debugger'
import type { ChannelWord } from '@/api/types'
import { Lost } from '@/parts/States'
import { isChannel } from '@/words/channels'

import { Shell } from './Shell'

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

/** A rule over customers, as it stands in an address. */
const rule = (value: unknown): object | undefined => (typeof value === 'object' && value !== null ? value : undefined)

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

const journeys = createRoute({
  getParentRoute: () => root,
  path: '/journeys',
  component: lazyRouteComponent(() => import('@/screens/journeys/JourneysScreen'), 'JourneysScreen'),
})

export type JourneyPart = 'live' | 'edit' | 'simulate' | 'performance' | 'reasons'
const JOURNEY_PARTS: readonly unknown[] = ['live', 'edit', 'simulate', 'performance', 'reasons']

const journey = createRoute({
  getParentRoute: () => root,
  path: '/journeys/$name',
  validateSearch: (search: Record<string, unknown>): { part?: JourneyPart; step?: string } => ({
    part: JOURNEY_PARTS.includes(search.part) ? (search.part as JourneyPart) : undefined,
    step: text(search.step),
  }),
  component: lazyRouteComponent(() => import('@/screens/journeys/JourneyScreen'), 'JourneyScreen'),
})

/** Not under /journeys: a journey may itself be called `new`. */
const newJourney = createRoute({
  getParentRoute: () => root,
  path: '/new-journey',
  validateSearch: (search: Record<string, unknown>): { blueprint?: string } => ({ blueprint: text(search.blueprint) }),
  component: lazyRouteComponent(() => import('@/screens/journeys/NewJourneyScreen'), 'NewJourneyScreen'),
})

const segments = createRoute({
  getParentRoute: () => root,
  path: '/segments',
  component: lazyRouteComponent(() => import('@/screens/segments/SegmentsScreen'), 'SegmentsScreen'),
})

const segment = createRoute({
  getParentRoute: () => root,
  path: '/segments/$name',
  component: lazyRouteComponent(() => import('@/screens/segments/SegmentScreen'), 'SegmentScreen'),
})

/** Not under /segments: a segment may itself be called `new`. `where` is a rule to begin with. */
const newSegment = createRoute({
  getParentRoute: () => root,
  path: '/new-segment',
  validateSearch: (search: Record<string, unknown>): { edit?: string; where?: object } => ({
    edit: text(search.edit),
    where: rule(search.where),
  }),
  component: lazyRouteComponent(() => import('@/screens/segments/BuilderScreen'), 'BuilderScreen'),
})

export type SettingsPart = 'traits' | 'lifecycle' | 'keys'
const PARTS: readonly unknown[] = ['traits', 'lifecycle', 'keys']

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (search: Record<string, unknown>): { part?: SettingsPart } => ({
    part: PARTS.includes(search.part) ? (search.part as SettingsPart) : undefined,
  }),
  component: lazyRouteComponent(() => import('@/screens/settings/SettingsScreen'), 'SettingsScreen'),
})

const customers = createRoute({
  getParentRoute: () => root,
  path: '/customers',
  validateSearch: (search: Record<string, unknown>): { q?: string; segment?: string; where?: object } => ({
    q: text(search.q),
    segment: text(search.segment),
    where: rule(search.where),
  }),
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

const path = createRoute({
  getParentRoute: () => root,
  path: '/customers/$reference/enrollments/$enrollment',
  component: lazyRouteComponent(() => import('@/screens/journeys/PathScreen'), 'PathScreen'),
})

const STATUSES: readonly unknown[] = ['accepted', 'duplicate', 'rejected']

const eventDebugger = createRoute({
  getParentRoute: () => root,
  path: '/debugger',
  validateSearch: (search: Record<string, unknown>): { name?: string; customer?: string; status?: SeenStatus } => ({
    name: text(search.name),
    customer: text(search.customer),
    status: STATUSES.includes(search.status) ? (search.status as SeenStatus) : undefined,
  }),
  component: lazyRouteComponent(() => import('@/screens/debugger/DebuggerScreen'), 'DebuggerScreen'),
})

const imports = createRoute({
  getParentRoute: () => root,
  path: '/imports',
  component: lazyRouteComponent(() => import('@/screens/imports/ImportsScreen'), 'ImportsScreen'),
})

const oneImport = createRoute({
  getParentRoute: () => root,
  path: '/imports/$id',
  component: lazyRouteComponent(() => import('@/screens/imports/ImportScreen'), 'ImportScreen'),
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
  routeTree: root.addChildren([overview, campaigns, campaign, newCampaign, journeys, journey, newJourney, segments, segment, newSegment, settings, customers, customer, path, eventDebugger, imports, oneImport, outbox, status]),
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
