/** All journeys: what each is doing, who is in it, and who came to its goal. */

import { Button, SegmentedControl, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { campaignsQuery } from '@/api/queries'
import type { CampaignRow } from '@/api/types'
import { ChannelRow } from '@/parts/ChannelMark'
import { Icon } from '@/parts/Icon'
import { ButtonLink } from '@/parts/links'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { StatusBadge } from '@/parts/StatusBadge'
import table from '@/parts/table.module.css'
import { type Filter, FILTERS } from '@/words/statuses'
import { spoken } from '@/words/channels'
import { count, percent, plural, share } from '@/words/numbers'

import classes from './JourneysScreen.module.css'

export function JourneysScreen() {
  const { data: all, error, refetch } = useQuery(campaignsQuery)
  const [filter, setFilter] = useState<Filter>('all')
  const data = all?.filter((row) => row.program_kind === 'journey')
  const statuses = FILTERS.find(({ value }) => value === filter)?.statuses ?? []
  const shown = data?.filter(({ status }) => statuses.length === 0 || statuses.includes(status)) ?? []
  return (
    <>
      <PageHead title="Journeys" lead={data && data.length > 0 ? plural(data.length, 'journey') : undefined}>
        <ButtonLink to="/new-journey" leftSection={<Icon name="plus" size={16} />} data-testid="new-journey-button">
          New journey
        </ButtonLink>
      </PageHead>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <LoadingRows rows={5} height={64} /> : null}
      {data?.length === 0 && <NoJourneys />}
      {data && data.length > 0 ? (
        <Panel
          title="Journeys and their people"
          note="Enrollments since each journey began; a customer may enter more than once"
          aside={
            <SegmentedControl
              size="xs"
              value={filter}
              onChange={(value) => setFilter(value)}
              data={FILTERS.map(({ value, label }) => ({ value, label }))}
              aria-label="Which journeys"
            />
          }
          flush
        >
          {shown.length > 0 ? <JourneyTable journeys={shown} /> : (
            <Empty
              icon="journeys"
              title="No journey stands here"
              action={<Button variant="light" onClick={() => setFilter('all')}>Show all</Button>}
            />
          )}
        </Panel>
      ) : null}
    </>
  )
}

function JourneyTable({ journeys }: { journeys: CampaignRow[] }) {
  const navigate = useNavigate()
  return (
    <table className={`${table.table} ${classes.table}`} aria-label="Journeys">
      <thead>
        <tr>
          <th scope="col">Journey</th>
          <th scope="col">Channels</th>
          <th scope="col" className={table.number}>Enrolled</th>
          <th scope="col" className={table.number}>In it now</th>
          <th scope="col" className={table.number}>Reached the goal</th>
          <th scope="col" className={table.number}>Messages sent</th>
        </tr>
      </thead>
      <tbody>
        {journeys.map((journey) => (
          <tr
            key={journey.name}
            data-testid="journey-row"
            data-name={journey.name}
            // The link in the first cell serves keyboards; the row only makes a larger target for a mouse.
            onClick={() => void navigate({ to: '/journeys/$name', params: { name: journey.name } })}
          >
            <th scope="row">
              <span className={table.title}>
                <Link to="/journeys/$name" params={{ name: journey.name }} onClick={(event) => event.stopPropagation()}>
                  {journey.title}
                </Link>
                <StatusBadge status={journey.status} />
              </span>
              <Text size="xs" c="dimmed" component="span">{spoken(journey.trigger)}</Text>
            </th>
            <td data-label="Channels"><ChannelRow channels={journey.channels} /></td>
            <Figure label="Enrolled" value={count(journey.enrolled)} />
            <Figure label="In it now" value={count(journey.active)} testid="active" />
            <Figure label="Reached the goal" value={count(journey.reached)} note={percent(share(journey.reached, journey.enrolled))} testid="reached" />
            <Figure label="Messages sent" value={count(journey.sent)} />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Figure({ label, value, note, testid }: { label: string; value: string; note?: string; testid?: string }) {
  return (
    <td className={`${table.number} ${classes.number}`} data-label={label} data-testid={testid}>
      <span className="numbers">{value}</span>
      {note !== undefined && <Text size="xs" c="dimmed" component="span" className="numbers">{note}</Text>}
    </td>
  )
}

function NoJourneys() {
  return (
    <Panel title="Journeys and their people">
      <Empty icon="journeys" title="No journey yet" action={<ButtonLink to="/new-journey">Begin one</ButtonLink>}>
        A journey leads each customer by what they do: messages, waits for an answer, branches, splits and actions, until
        they reach the goal or leave.
      </Empty>
    </Panel>
  )
}
