/** One event: what became of it, what is wrong with it and how to mend that, and its JSON. */

import { ActionIcon, Alert, Badge, Code, Group, Text } from '@mantine/core'
import { useEffect, useRef } from 'react'

import type { SeenEvent } from '@/api/debugger'
import { Copy } from '@/parts/Copy'
import { Icon } from '@/parts/Icon'
import { AnchorLink } from '@/parts/links'
import { ProblemList } from '@/parts/ProblemList'
import { eventJson, sourceName } from '@/words/debugger'
import { full } from '@/words/moments'

import classes from './Debugger.module.css'
import { STATUS } from './EventList'

const NOTES: Record<SeenEvent['status'], string> = {
  accepted: 'It is in the log.',
  duplicate: 'The same event came before, under the same id, and was counted then. Nothing more happened.',
  rejected: 'It was not taken. Mend it and send it again.',
}

export function EventPane({ event, close }: { event: SeenEvent; close: () => void }) {
  const place = useRef<HTMLElement>(null)
  // A keyboard goes on from here; on a phone this takes the place of the list.
  useEffect(() => place.current?.focus({ preventScroll: true }), [event.id])
  const json = eventJson(event)
  return (
    <section
      ref={place}
      tabIndex={-1}
      className={classes.pane}
      aria-label={`Event ${event.name}`}
      data-testid="debugger-pane"
      onKeyDown={(key) => {
        if (key.key === 'Escape') close()
      }}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap="xs">
            <Text fw={650} style={{ overflowWrap: 'anywhere' }}>{event.name || 'No name'}</Text>
            <Badge color={STATUS[event.status].color} tt="none">{STATUS[event.status].word}</Badge>
          </Group>
          <Text size="xs" c="dimmed">
            {sourceName(event.source)}, received {full(event.received_at)}
          </Text>
        </div>
        <ActionIcon variant="subtle" color="gray" onClick={close} aria-label="Close" data-testid="debugger-close">
          <Icon name="cross" />
        </ActionIcon>
      </Group>
      {(event.problems ?? []).length > 0 ? (
        <Alert color={event.status === 'rejected' ? 'red' : 'saffron'} icon={<Icon name="warning" />} title={event.status === 'rejected' ? NOTES.rejected : 'It was taken, but not quite as it was meant.'} role="note">
          <ProblemList problems={event.problems ?? []} />
        </Alert>
      ) : (
        <Text size="sm" c="dimmed">{NOTES[event.status]}</Text>
      )}
      {event.customer?.id && (
        <AnchorLink to="/customers/$reference" params={{ reference: event.customer.id }} size="sm" data-testid="debugger-customer">
          The customer {event.customer.external_id}
        </AnchorLink>
      )}
      <Code block className={classes.json} data-testid="debugger-json" tabIndex={0}>{json}</Code>
      <Copy value={json} label="Copy the JSON" style={{ alignSelf: 'flex-start' }} />
    </section>
  )
}
