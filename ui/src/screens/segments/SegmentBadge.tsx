/** A segment's status, by colour and by word. */

import { Badge } from '@mantine/core'

import type { SegmentRow } from '@/api/segments'

const WORDS = {
  building: ['Building', 'saffron'],
  live: ['Live', 'verdigris'],
  rebuilding: ['Live, being rebuilt', 'saffron'],
  archived: ['Archived', 'gray'],
} as const

export function SegmentBadge({ segment }: { segment: SegmentRow }) {
  const state = segment.status === 'live' && segment.progress ? 'rebuilding' : segment.status
  const [word, color] = WORDS[state]
  return (
    <Badge color={color} tt="none" fw={600} data-testid="segment-status" data-status={segment.status}>{word}</Badge>
  )
}
