/** One journey: its canvas with who is where, its document to edit, what it would do, and what it brought. */

import { Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Navigate, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'

import { ApiError } from '@/api/client'
import { useCurrency } from '@/api/currency'
import { graphQuery } from '@/api/journeys'
import { campaignQuery } from '@/api/queries'
import type { CampaignView } from '@/api/types'
import type { JourneyPart } from '@/app/router'
import { AnchorLink, Back } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { PageHead } from '@/parts/Page'
import { StatSkeletons } from '@/parts/Stat'
import { Failure, LoadingRows, Lost } from '@/parts/States'
import { StatusBadge } from '@/parts/StatusBadge'
import { spoken } from '@/words/channels'
import { toYaml } from '@/words/yaml'

import { CampaignActions } from '../campaigns/CampaignActions'
import campaign from '../campaigns/CampaignScreen.module.css'
import { Performance } from '../campaigns/Performance'
import { Reasons } from '../campaigns/Reasons'
import { JourneyNumbers } from './JourneyNumbers'
import { LiveView } from './LiveView'

// With the reader of YAML, and the charts: fetched when they are first opened.
const JourneyEditor = lazy(async () => ({ default: (await import('./JourneyEditor')).JourneyEditor }))
const Simulator = lazy(async () => ({ default: (await import('./Simulator')).Simulator }))

export function JourneyScreen() {
  const { name } = useParams({ from: '/journeys/$name' })
  const { data, error, refetch } = useQuery(campaignQuery(name))
  if (error instanceof ApiError && error.status === 404) return <Lost what="journey" />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (data && data.program_kind !== 'journey') return <Navigate to="/campaigns/$name" params={{ name }} replace />
  return (
    <>
      <PageHead
        title={data?.title ?? name}
        badge={data && <StatusBadge status={data.status} />}
        before={<AnchorLink to="/journeys" size="sm" c="dimmed"><Back>Journeys</Back></AnchorLink>}
        lead={data && <Lead journey={data} />}
      >
        {data && <CampaignActions campaign={data} />}
      </PageHead>
      {data ? <Body key={name} journey={data} /> : <><StatSkeletons number={4} /><LoadingRows rows={3} height={160} /></>}
    </>
  )
}

function Lead({ journey }: { journey: CampaignView }) {
  return (
    <>
      {spoken(journey.trigger)}. Revision {journey.revision},{' '}
      {journey.started_at ? <Moment at={journey.started_at} prefix="started " /> : <Moment at={journey.created_at} prefix="made " />}.
    </>
  )
}

function Body({ journey }: { journey: CampaignView }) {
  const { part = 'live' } = useSearch({ from: '/journeys/$name' })
  const navigate = useNavigate({ from: '/journeys/$name' })
  const currency = useCurrency()
  return (
    <div className={campaign.stack}>
      <JourneyNumbers journey={journey} currency={currency} />
      <Tabs
        value={part}
        onChange={(value) => void navigate({ search: { part: (value ?? 'live') as JourneyPart }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="md" className={campaign.tabs} aria-label="Parts of the journey">
          <Tabs.Tab value="live" data-testid="tab-live">Canvas</Tabs.Tab>
          <Tabs.Tab value="edit" data-testid="tab-edit">Edit</Tabs.Tab>
          <Tabs.Tab value="simulate" data-testid="tab-simulate">Simulate</Tabs.Tab>
          <Tabs.Tab value="performance" data-testid="tab-performance">Performance</Tabs.Tab>
          <Tabs.Tab value="reasons" data-testid="tab-reasons">Held and dropped</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="live"><LiveView journey={journey} /></Tabs.Panel>
        <Tabs.Panel value="edit">
          <Suspense fallback={<LoadingRows rows={2} height={240} />}>
            <JourneyEditor start={toYaml(journey.document)} known={journey.name} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="simulate">
          <Suspense fallback={<LoadingRows rows={2} height={240} />}><Simulate journey={journey} /></Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="performance"><Performance campaign={journey} /></Tabs.Panel>
        <Tabs.Panel value="reasons"><Reasons reasons={journey.reasons} /></Tabs.Panel>
      </Tabs>
    </div>
  )
}

/** What is applied, simulated; a draft is simulated where it is edited. */
function Simulate({ journey }: { journey: CampaignView }) {
  const { data, error, refetch } = useQuery({ ...graphQuery(journey.name), refetchInterval: false })
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={2} height={240} />
  return <Simulator document={() => journey.document} drawing={data} />
}
