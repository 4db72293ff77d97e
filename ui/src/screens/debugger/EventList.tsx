/** The events, newest first; arrow keys walk through them. */

import { Badge, Text, UnstyledButton } from '@mantine/core'

import type { SeenEvent, SeenStatus } from '@/api/debugger'
import { walk } from '@/parts/walk'
import { clockSeconds } from '@/words/moments'
import { sourceName, summarize } from '@/words/debugger'

import classes from './Debugger.module.css'

export const STATUS: Record<SeenStatus, { word: string; color: string }> = {
  accepted: { word: 'Accepted', color: 'verdigris' },
  duplicate: { word: 'Duplicate', color: 'gray' },
  rejected: { word: 'Rejected', color: 'red' },
}

interface EventListProps {
  events: SeenEvent[]
  chosen: string | undefined
  choose: (event: SeenEvent) => void
}

export function EventList({ events, chosen, choose }: EventListProps) {
  return (
    <ol className={classes.list} aria-label="Events" onKeyDown={walk}>
      {events.map((event) => (
        <li key={event.id}>
          <UnstyledButton
            className={classes.row}
            aria-current={event.id === chosen ? 'true' : undefined}
            onClick={() => choose(event)}
            data-testid="debugger-row"
            data-status={event.status}
            data-name={event.name}
            data-customer={event.customer?.external_id}
          >
            <time className="numbers" dateTime={event.received_at}>{clockSeconds(event.received_at)}</time>
            <span className={classes.name}>{event.name || 'No name'}</span>
            <span className={classes.who} data-nobody={event.customer === null}>{event.customer?.external_id ?? 'nobody'}</span>
            <span className={classes.summary}>{summarize(event)}</span>
            <span className={classes.signs}>
              <Text component="span" size="xs" c="dimmed">{sourceName(event.source)}</Text>
              <Badge size="sm" color={STATUS[event.status].color} tt="none">{STATUS[event.status].word}</Badge>
            </span>
          </UnstyledButton>
        </li>
      ))}
    </ol>
  )
}
