/** What Motet does right now, for all campaigns together. */

import { useQuery } from '@tanstack/react-query'

import { overviewQuery } from '@/api/queries'
import type { Overview } from '@/api/types'
import { useLive } from '@/app/live'
import { CampaignTable } from '@/parts/CampaignTable'
import { Funnel, RATES_NOTE } from '@/parts/Funnel'
import { AnchorLink, ButtonLink } from '@/parts/links'
import { PageHead, Panel } from '@/parts/Page'
import { SeriesChart } from '@/parts/SeriesChart'
import { StatSkeletons } from '@/parts/Stat'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { WorkerList } from '@/parts/WorkerList'
import { plural } from '@/words/numbers'

import { FirstSteps } from './FirstSteps'
import { Headline } from './Headline'
import classes from './OverviewScreen.module.css'
import { Waiting } from './Waiting'

export function OverviewScreen() {
  const live = useLive()
  const { data, error, refetch } = useQuery({ ...overviewQuery, refetchInterval: live === 'live' ? false : 5_000 })
  return (
    <>
      <PageHead
        title="Overview"
        lead={data && `${plural(data.customers, 'customer')}, ${plural(data.enrollments_active, 'enrollment')} under way`}
      >
        <ButtonLink to="/new-campaign" data-testid="new-campaign-button">New campaign</ButtonLink>
      </PageHead>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <Loading /> : null}
      {data ? <Body overview={data} /> : null}
    </>
  )
}

function Body({ overview }: { overview: Overview }) {
  const silent = overview.totals.sent === 0 && overview.totals.approved === 0
  const afoot = overview.campaigns.filter(({ status }) => ['running', 'scheduled', 'paused'].includes(status))
  const channels = overview.channels.filter((row) => row.sent + row.failed > 0)
  return (
    <div className={classes.stack}>
      {silent && <FirstSteps customers={overview.customers} campaigns={overview.campaigns.length} />}
      <Headline overview={overview} />
      <div className={classes.pair}>
        <Panel title="The last 24 hours" note="Messages by hour; what people did counts in the hour they did it">
          {overview.series.length > 0 ? (
            <SeriesChart series={overview.series} />
          ) : (
            <Empty icon="clock" title="No message in the last 24 hours" />
          )}
        </Panel>
        <div className={classes.stack}>
          <Panel title="What waits"><Waiting overview={overview} /></Panel>
          <Panel title="Workers"><WorkerList workers={overview.workers} /></Panel>
        </div>
      </div>
      <Panel title="From sent to converted" note={`Since the start, by channel. ${RATES_NOTE}`} flush>
        {channels.length > 0 ? (
          <Funnel rows={channels} currency={overview.currency} />
        ) : (
          <Empty icon="outbox" title="No channel has spoken yet">As soon as messages go out, each channel has its row here.</Empty>
        )}
      </Panel>
      <Panel
        title="Campaigns under way"
        note="Since each campaign began; rates are shares of sent"
        aside={<AnchorLink to="/campaigns" size="sm">All campaigns</AnchorLink>}
        flush
      >
        {afoot.length > 0 ? (
          <CampaignTable campaigns={afoot} currency={overview.currency} label="Campaigns under way" />
        ) : (
          <Empty
            icon="campaigns"
            title="No campaign is running"
            action={<ButtonLink to="/campaigns" variant="light">Choose one to launch</ButtonLink>}
          />
        )}
      </Panel>
    </div>
  )
}

function Loading() {
  return (
    <div className={classes.stack}>
      <StatSkeletons />
      <LoadingRows rows={3} height={160} />
    </div>
  )
}
