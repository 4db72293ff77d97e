/** How far a build has come: customers looked over, of how many there are. */

import { Progress, Text } from '@mantine/core'

import type { SegmentRow } from '@/api/segments'
import { count, percent, plural, share } from '@/words/numbers'

export function BuildProgress({ progress }: { progress: NonNullable<SegmentRow['progress']> }) {
  const { looked, customers } = progress
  const done = share(looked, customers)
  return (
    <div data-testid="build-progress" style={{ marginTop: 6 }}>
      <Progress value={(done ?? 0) * 100} animated size="sm" aria-label="Customers looked over" />
      <Text size="xs" c="dimmed" mt={4} className="numbers">
        {customers > 0 ? `${count(looked)} of ${plural(customers, 'customer')} looked over, ${percent(done)}` : 'Counting what happened before'}
      </Text>
    </div>
  )
}
