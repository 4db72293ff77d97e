/** The launches, and how far each has gone through the audience. */

import { Group, Progress, Text } from '@mantine/core'

import type { LaunchView } from '@/api/types'
import { Moment } from '@/parts/Moment'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'
import { plural, share } from '@/words/numbers'

export function Launches({ launches }: { launches: LaunchView[] }) {
  if (launches.length === 0) return null
  return (
    <Panel title="Launches" note="Each goes through the audience lane by lane">
      {launches.map((launch) => {
        const done = share(launch.done_lanes, launch.lanes) ?? 1
        return (
          <div key={launch.id} data-testid="launch-row" style={{ marginBottom: '0.8rem' }}>
            <Group justify="space-between" gap="xs">
              <Text size="sm" fw={550}>{launch.kind === 'move' ? 'To the new revision' : sentence(launch.kind)}</Text>
              <Text size="xs" c="dimmed"><Moment at={launch.created_at} /></Text>
            </Group>
            <Progress value={done * 100} size="sm" my={6} aria-label="Share of the audience gone through" animated={done < 1} />
            <Text size="xs" c="dimmed">
              {plural(launch.enrolled, 'customer')} {launch.kind === 'move' ? 'moved' : 'enrolled'}
              {launch.refused > 0 ? `, ${plural(launch.refused, 'customer')} ${launch.kind === 'move' ? 'stayed in theirs' : 'kept out by the rules'}` : ''}
              {done < 1 ? `; ${launch.done_lanes} of ${plural(launch.lanes, 'lane')} done` : ''}
            </Text>
          </div>
        )
      })}
    </Panel>
  )
}
