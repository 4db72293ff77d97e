/** One campaign: its flow with who is where, what each channel brought, and why some messages did not go. */

import { Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Navigate, useParams } from '@tanstack/react-router'

import { ApiError } from '@/api/client'
import { useCurrency } from '@/api/currency'
import { campaignQuery } from '@/api/queries'
import type { CampaignView } from '@/api/types'
import { AnchorLink, Back } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { PageHead, Panel } from '@/parts/Page'
import { StatSkeletons } from '@/parts/Stat'
import { Failure, LoadingRows, Lost } from '@/parts/States'
import { StatusBadge } from '@/parts/StatusBadge'
import { spoken } from '@/words/channels'

import { About } from './About'
import { CampaignActions } from './CampaignActions'
import { CampaignNumbers } from './CampaignNumbers'
import classes from './CampaignScreen.module.css'
import { DocumentPanel } from './DocumentPanel'
import { Flow } from './Flow'
import { Launches } from './Launches'
import { Performance } from './Performance'
import { Reasons } from './Reasons'

export function CampaignScreen() {
  const { name } = useParams({ from: '/campaigns/$name' })
  const { data, error, refetch } = useQuery(campaignQuery(name))
  if (error instanceof ApiError && error.status === 404) return <Lost what="campaign" />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  // Links that know a name only lead here.
  if (data?.program_kind === 'journey') return <Navigate to="/journeys/$name" params={{ name }} replace />
  return (
    <>
      <PageHead
        title={data?.title ?? name}
        badge={data && <StatusBadge status={data.status} />}
        before={
          <AnchorLink to="/campaigns" size="sm" c="dimmed">
            <Back>Campaigns</Back>
          </AnchorLink>
        }
        lead={data && <Lead campaign={data} />}
      >
        {data && <CampaignActions campaign={data} />}
      </PageHead>
      {data ? <Body campaign={data} /> : <><StatSkeletons /><LoadingRows rows={4} height={120} /></>}
    </>
  )
}

function Lead({ campaign }: { campaign: CampaignView }) {
  return (
    <>
      {spoken(campaign.trigger)}. Revision {campaign.revision},{' '}
      {campaign.started_at ? <Moment at={campaign.started_at} prefix="started " /> : <Moment at={campaign.created_at} prefix="made " />}
      .
    </>
  )
}

function Body({ campaign }: { campaign: CampaignView }) {
  const currency = useCurrency()
  return (
    <div className={classes.stack}>
      <CampaignNumbers campaign={campaign} currency={currency} />
      <Tabs defaultValue="flow" keepMounted={false}>
        <Tabs.List mb="md" className={classes.tabs} aria-label="Parts of the campaign">
          <Tabs.Tab value="flow" data-testid="tab-flow">Flow</Tabs.Tab>
          <Tabs.Tab value="performance" data-testid="tab-performance">Performance</Tabs.Tab>
          <Tabs.Tab value="reasons" data-testid="tab-reasons">Held and dropped</Tabs.Tab>
          <Tabs.Tab value="document" data-testid="tab-document">Document</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="flow">
          <div className={classes.pair}>
            <Panel title="The way of a customer" note="Customers in this revision: who came, who is there now, who went on">
              <Flow campaign={campaign} />
            </Panel>
            <div className={classes.stack}>
              <About campaign={campaign} />
              <Launches launches={campaign.launches} />
            </div>
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="performance"><Performance campaign={campaign} /></Tabs.Panel>
        <Tabs.Panel value="reasons"><Reasons reasons={campaign.reasons} /></Tabs.Panel>
        <Tabs.Panel value="document"><DocumentPanel campaign={campaign} /></Tabs.Panel>
      </Tabs>
    </div>
  )
}
