/** All campaigns, by what they are doing. */

import { Button, SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { campaignsQuery } from '@/api/queries'
import type { CampaignRow } from '@/api/types'
import { useCurrency } from '@/api/currency'
import { CampaignTable } from '@/parts/CampaignTable'
import { Icon } from '@/parts/Icon'
import { ButtonLink } from '@/parts/links'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { plural } from '@/words/numbers'
import { type Filter, FILTERS } from '@/words/statuses'

export function CampaignsScreen() {
  const { data: all, error, refetch } = useQuery(campaignsQuery)
  const data = all?.filter((row) => row.program_kind !== 'journey')
  const [filter, setFilter] = useState<Filter>('all')
  const statuses = FILTERS.find(({ value }) => value === filter)?.statuses ?? []
  const shown = data?.filter(({ status }) => statuses.length === 0 || statuses.includes(status)) ?? []
  return (
    <>
      <PageHead title="Campaigns" lead={data && data.length > 0 ? plural(data.length, 'campaign') : undefined}>
        <ButtonLink
          to="/new-campaign"
          leftSection={<Icon name="plus" size={16} />}
          data-testid="new-campaign-button"
        >
          New campaign
        </ButtonLink>
      </PageHead>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <LoadingRows rows={5} height={64} /> : null}
      {data?.length === 0 && <NoCampaigns />}
      {data && data.length > 0 ? (
        <Panel
          title="Campaigns and their numbers"
          note="Since each campaign began; rates are shares of sent"
          aside={
            <SegmentedControl
              size="xs"
              value={filter}
              onChange={(value) => setFilter(value)}
              data={FILTERS.map(({ value, label }) => ({ value, label }))}
              aria-label="Which campaigns"
            />
          }
          flush
        >
          <Listed campaigns={shown} all={() => setFilter('all')} />
        </Panel>
      ) : null}
    </>
  )
}

function Listed({ campaigns, all }: { campaigns: CampaignRow[]; all: () => void }) {
  const currency = useCurrency()
  if (campaigns.length > 0) return <CampaignTable campaigns={campaigns} currency={currency} label="Campaigns" />
  return (
    <Empty
      icon="campaigns"
      title="No campaign stands here"
      action={<Button variant="light" onClick={all}>Show all</Button>}
    />
  )
}

function NoCampaigns() {
  return (
    <Panel title="Campaigns and their numbers">
      <Empty
        icon="campaigns"
        title="No campaign yet"
        action={<ButtonLink to="/new-campaign">Choose a blueprint</ButtonLink>}
      >
        A campaign is a document: ordered messages over several channels, with delays, conditions and frequency rules.
        The blueprints run as they are; change the words and they are yours.
      </Empty>
    </Panel>
  )
}
