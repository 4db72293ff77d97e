/** A campaign's status, by colour and by word. */

import { Badge } from '@mantine/core'

import type { CampaignStatus } from '@/api/types'
import { sentence } from '@/words/channels'

const COLORS: Record<CampaignStatus, string> = {
  draft: 'gray',
  scheduled: 'blue',
  running: 'verdigris',
  paused: 'saffron',
  completed: 'gray',
  cancelled: 'red',
}

export function StatusBadge({ status }: { status: CampaignStatus }) {
  return (
    <Badge color={COLORS[status]} tt="none" fw={600} data-testid="status-badge" data-status={status}>
      {sentence(status)}
    </Badge>
  )
}
