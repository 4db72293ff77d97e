/** All that happened between the customer and the brand, over every channel, newest first. */

import { Button, Group, SegmentedControl } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'

import { timelineQuery } from '@/api/queries'
import type { TimelineEntry } from '@/api/types'
import type { TimelineKind } from '@/app/router'
import { useNow } from '@/parts/Moment'
import { Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { dayHeading } from '@/words/moments'

import classes from './Timeline.module.css'
import { TimelineItem } from './TimelineItem'

const KINDS: { value: TimelineKind | 'all'; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'message', label: 'Messages' },
  { value: 'decision', label: 'Decisions' },
  { value: 'event', label: 'Events' },
]

export function Timeline({ reference }: { reference: string }) {
  const { kind } = useSearch({ from: '/customers/$reference' })
  const navigate = useNavigate()
  const list = useInfiniteQuery(timelineQuery(reference))
  const entries = list.data?.pages.flatMap((page) => page.entries) ?? []
  const shown = kind ? entries.filter((entry) => entry.kind === kind) : entries

  return (
    <Panel
      title="Timeline"
      note="Events, messages and decisions over all channels"
      aside={
        <SegmentedControl
          size="xs"
          value={kind ?? 'all'}
          data={KINDS}
          onChange={(value) =>
            void navigate({
              to: '/customers/$reference',
              params: { reference },
              search: { kind: value === 'all' ? undefined : value },
              replace: true,
              resetScroll: false,
            })
          }
          aria-label="Which entries"
          data-testid="timeline-filter"
        />
      }
    >
      {list.error && !list.data ? <Failure error={list.error} retry={() => void list.refetch()} /> : null}
      {list.isPending ? <LoadingRows rows={6} height={40} /> : null}
      {list.data && shown.length === 0 ? (
        <Empty icon="clock" title={kind ? 'Nothing of this kind' : 'Nothing has happened yet'}>
          {kind ? 'Choose another kind above.' : 'Events, messages and decisions appear here as they come.'}
        </Empty>
      ) : null}
      <Days entries={shown} />
      {list.hasNextPage && (
        <Group justify="center" pt="xs">
          <Button size="xs" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="more-button">
            Show earlier
          </Button>
        </Group>
      )}
    </Panel>
  )
}

function Days({ entries }: { entries: TimelineEntry[] }) {
  const now = useNow()
  const days = new Map<string, TimelineEntry[]>()
  for (const entry of entries) {
    const heading = dayHeading(entry.at, now)
    days.set(heading, [...(days.get(heading) ?? []), entry])
  }
  return [...days].map(([heading, some]) => (
    <section key={heading} aria-label={heading}>
      <h3 className={classes.day}>{heading}</h3>
      <ol className={classes.list}>
        {some.map((entry) => <TimelineItem key={`${entry.kind}:${entry.id}`} entry={entry} />)}
      </ol>
    </section>
  ))
}
