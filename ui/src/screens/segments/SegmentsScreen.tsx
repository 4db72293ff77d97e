/** All segments: who is in each, and which campaigns speak to them. */

import { Button, SegmentedControl, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { type SegmentRow, segmentsQuery } from '@/api/segments'
import { Icon } from '@/parts/Icon'
import { ButtonLink } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import table from '@/parts/table.module.css'
import { count, NO_RATE, percent, plural, share } from '@/words/numbers'
import { capital } from '@/words/reasons'
import { describe } from '@/words/segments'

import { BuildProgress } from './BuildProgress'
import { SegmentBadge } from './SegmentBadge'
import classes from './SegmentsScreen.module.css'

type Filter = 'kept' | 'archived'

export function SegmentsScreen() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(segmentsQuery)
  const [filter, setFilter] = useState<Filter>('kept')
  const kept = data?.segments.filter(({ status }) => status !== 'archived') ?? []
  const archived = data?.segments.filter(({ status }) => status === 'archived') ?? []
  const shown = filter === 'kept' ? kept : archived
  return (
    <>
      <PageHead title="Segments" lead="Rules over customers. Who they match is kept up to date as events arrive.">
        <ButtonLink to="/new-segment" leftSection={<Icon name="plus" size={16} />} data-testid="new-segment-button">New segment</ButtonLink>
      </PageHead>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <LoadingRows rows={5} height={64} /> : null}
      {data?.segments.length === 0 && <NoSegments />}
      {data && data.segments.length > 0 ? (
        <Panel
          title="Segments and their members"
          note={<>Members and their share of all {plural(data.customers, 'customer')}, <Moment at={new Date(dataUpdatedAt).toISOString()} /></>}
          aside={
            <SegmentedControl
              size="xs"
              value={filter}
              onChange={(value) => setFilter(value)}
              data={[
                { value: 'kept', label: `In use (${count(kept.length)})` },
                { value: 'archived', label: `Archived (${count(archived.length)})` },
              ]}
              aria-label="Which segments"
            />
          }
          flush
        >
          {shown.length > 0 ? (
            <SegmentTable segments={shown} customers={data.customers} />
          ) : (
            <Empty
              icon="segments"
              title={filter === 'kept' ? 'All segments are archived' : 'No segment is archived'}
              action={<Button variant="light" onClick={() => setFilter(filter === 'kept' ? 'archived' : 'kept')}>Show the others</Button>}
            />
          )}
        </Panel>
      ) : null}
    </>
  )
}

function NoSegments() {
  return (
    <Panel title="Segments and their members">
      <Empty icon="segments" title="No segment yet" action={<ButtonLink to="/new-segment">Build the first</ButtonLink>}>
        A segment says whom one means: what customers are, what they did and did not do, how often and when. Campaigns speak
        to segments, and begin when somebody enters or leaves one.
      </Empty>
    </Panel>
  )
}

function SegmentTable({ segments, customers }: { segments: SegmentRow[]; customers: number }) {
  const navigate = useNavigate()
  return (
    <table className={`${table.table} ${classes.table}`} aria-label="Segments">
      <thead>
        <tr>
          <th scope="col">Segment</th>
          <th scope="col" className={table.number}>Members</th>
          <th scope="col" className={table.number}>Share</th>
          <th scope="col">Used by</th>
          <th scope="col">Changed</th>
        </tr>
      </thead>
      <tbody>
        {segments.map((segment) => (
          <tr
            key={segment.name}
            data-testid="segment-row"
            data-name={segment.name}
            onClick={() => void navigate({ to: '/segments/$name', params: { name: segment.name } })}
          >
            <th scope="row">
              <span className={table.title}>
                <Link to="/segments/$name" params={{ name: segment.name }} onClick={(event) => event.stopPropagation()}>
                  {segment.title || segment.name}
                </Link>
                <SegmentBadge segment={segment} />
              </span>
              <Text size="xs" c="dimmed" component="span" className={classes.rule}>{segment.description || capital(describe(segment.where))}</Text>
              {segment.progress && <BuildProgress progress={segment.progress} />}
            </th>
            <td className={table.number} data-label="Members" data-testid="segment-members">
              <span className="numbers">{segment.members === null ? NO_RATE : count(segment.members)}</span>
            </td>
            <td className={table.number} data-label="Share">
              <span className="numbers">{segment.members === null ? NO_RATE : percent(share(segment.members, customers))}</span>
            </td>
            <td data-label="Used by"><UsedBy names={segment.used_by} /></td>
            <td data-label="Changed"><Moment at={segment.updated_at} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function UsedBy({ names }: { names: string[] }) {
  if (names.length === 0) return <Text size="sm" c="dimmed" span>no campaign</Text>
  return <span title={names.join(', ')}>{names.length === 1 ? names[0] : plural(names.length, 'campaign')}</span>
}
