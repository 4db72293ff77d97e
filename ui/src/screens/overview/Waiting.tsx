/** What is under way but not done: the queue, the timers, the held, the doubtful. */

import { Group, Text, Tooltip } from '@mantine/core'

import type { Overview } from '@/api/types'
import { count } from '@/words/numbers'

export function Waiting({ overview: { waiting, totals, last_hour } }: { overview: Overview }) {
  const rows = [
    ['Messages approved, not yet sent', waiting.approved, 'They go out as fast as the providers take them.'],
    ['Timers that are due', waiting.timers_due, 'Steps whose moment has come and that the engine is about to run.'],
    ['Held in the last hour', last_hour.held, 'Decisions to ask again later, for example outside a send time.'],
    ['Dropped in the last hour', last_hour.dropped, 'Decisions not to send, each with its reasons on the campaign’s page.'],
    ['Answer lost, since the start', totals.unknown, 'The provider’s answer never came, so the message may or may not have been sent.'],
  ] as const
  return (
    <div>
      {rows.map(([label, value, hint]) => (
        <Tooltip key={label} label={hint} position="left">
          <Group justify="space-between" wrap="nowrap" gap="sm" py={5} tabIndex={0}>
            <Text size="sm" c="dimmed">{label}</Text>
            <Text size="sm" fw={600} className="numbers">{count(value)}</Text>
          </Group>
        </Tooltip>
      ))}
    </div>
  )
}
