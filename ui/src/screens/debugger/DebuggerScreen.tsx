/** Events as they arrive, taken or not: what was sent, what became of it, and what is wrong with it. */

import { Button, Group, Modal, SegmentedControl, Text, TextInput } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import type { SeenEvent, SeenStatus } from '@/api/debugger'
import { Icon } from '@/parts/Icon'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { countStatuses, KEPT, matchesFilter, type SeenFilter } from '@/words/debugger'
import { count, plural } from '@/words/numbers'

import classes from './Debugger.module.css'
import { EventList } from './EventList'
import { EventPane } from './EventPane'
import { SendFirst } from './SendFirst'
import { useSeen } from './useSeen'

export function DebuggerScreen() {
  const filter = useSearch({ from: '/debugger' })
  const navigate = useNavigate()
  const seen = useSeen()
  const [chosen, setChosen] = useState<SeenEvent | null>(null)
  const [telling, setTelling] = useState(false)
  const found = seen.events.filter((event) => matchesFilter(event, filter))
  const go = (change: Partial<SeenFilter>) =>
    void navigate({ to: '/debugger', search: { ...filter, ...change }, replace: true, resetScroll: false })
  const nothing = seen.ready && seen.events.length === 0 && seen.aside.length === 0 && seen.cleared === ''

  return (
    <>
      <PageHead
        title="Event debugger"
        lead="What your sites and servers send, as it arrives: the newest of this process, since it started"
      >
        {!nothing && (
          <>
            <Button variant="subtle" onClick={() => setTelling(true)} data-testid="how-to-send">How to send</Button>
            <Button
              variant={seen.paused ? 'filled' : 'default'}
              onClick={seen.pause}
              leftSection={<Icon name={seen.paused ? 'play' : 'pause'} size={16} />}
              aria-pressed={seen.paused}
              data-testid="pause-button"
            >
              {seen.paused ? `Go on${seen.aside.length > 0 ? ` (${count(seen.aside.length)} new)` : ''}` : 'Pause'}
            </Button>
            <Button variant="default" onClick={seen.clear} disabled={seen.events.length === 0} data-testid="clear-button">
              Clear
            </Button>
          </>
        )}
      </PageHead>
      {seen.error && seen.events.length === 0 ? <Failure error={seen.error} /> : null}
      {!seen.ready && !seen.error ? <LoadingRows rows={8} height={40} /> : null}
      {nothing ? (
        <Panel title="Send the first event">
          <Text size="sm" c="dimmed" mb="md">
            Nothing has come in since this Motet started. The first event appears here the moment it arrives.
          </Text>
          <SendFirst />
        </Panel>
      ) : null}
      {seen.ready && !nothing ? (
        <>
          <Filters filter={filter} events={seen.events} go={go} />
          <div className={classes.split} data-reading={chosen !== null}>
            <div className={classes.listed}>
              {found.length > 0 ? (
                <EventList events={found} chosen={chosen?.id} choose={setChosen} />
              ) : (
                <Nothing events={seen.events.length} />
              )}
              <Text size="xs" c="dimmed" className={classes.foot}>
                {plural(found.length, 'event')} of the newest {count(KEPT)}
                {seen.skipped > 0 && `; ${count(seen.skipped)} more came too fast to be shown`}
                {seen.state === 'lost' && '; the stream is lost and is taken up again'}
              </Text>
            </div>
            {chosen && <EventPane event={chosen} close={() => setChosen(null)} />}
          </div>
        </>
      ) : null}
      <Modal opened={telling} onClose={() => setTelling(false)} size="lg" title={<Text fw={650}>Send events</Text>}>
        <SendFirst />
      </Modal>
    </>
  )
}

function Nothing({ events }: { events: number }) {
  if (events === 0) return <Empty icon="debugger" title="Nothing new yet">The next event appears here the moment it arrives.</Empty>
  return (
    <Empty icon="search" title="No event is found">
      None of the {plural(events, 'event')} here fits the filter.
    </Empty>
  )
}

interface FiltersProps {
  filter: SeenFilter
  events: SeenEvent[]
  go: (change: Partial<SeenFilter>) => void
}

function Filters({ filter, events, go }: FiltersProps) {
  const counts = countStatuses(events)
  const status = [
    { value: 'all', label: `All ${count(events.length)}` },
    { value: 'accepted', label: `Accepted ${count(counts.accepted)}` },
    { value: 'duplicate', label: `Duplicate ${count(counts.duplicate)}` },
    { value: 'rejected', label: `Rejected ${count(counts.rejected)}` },
  ]
  return (
    <Group gap="sm" mb="md" className={classes.filters}>
      <TextInput
        value={filter.name ?? ''}
        onChange={(event) => go({ name: event.currentTarget.value || undefined })}
        type="search"
        placeholder="Event name"
        aria-label="Event name"
        leftSection={<Icon name="search" size={16} />}
        data-testid="filter-name"
      />
      <TextInput
        value={filter.customer ?? ''}
        onChange={(event) => go({ customer: event.currentTarget.value || undefined })}
        type="search"
        placeholder="Customer"
        aria-label="Customer"
        leftSection={<Icon name="customers" size={16} />}
        data-testid="filter-customer"
      />
      <SegmentedControl
        value={filter.status ?? 'all'}
        data={status}
        onChange={(value) => go({ status: value === 'all' ? undefined : (value as SeenStatus) })}
        aria-label="What became of it"
        size="xs"
        data-testid="filter-status"
      />
    </Group>
  )
}
