/** Puts a segment away, after asking. */

import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { post } from '@/api/client'
import type { SegmentRow } from '@/api/segments'
import { Confirm } from '@/parts/Confirm'
import { Icon } from '@/parts/Icon'

export function ArchiveButton({ segment }: { segment: SegmentRow }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const archive = useMutation({
    mutationFn: () => post<SegmentRow>(`/api/segments/${encodeURIComponent(segment.name)}/archive`, {}),
    onSuccess: async () => {
      setAsking(false)
      notifications.show({ message: `“${segment.title || segment.name}” is archived.` })
      await client.invalidateQueries({ queryKey: ['segments'] })
    },
  })
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name="archive" size={16} />}
        onClick={() => {
          archive.reset()
          setAsking(true)
        }}
        data-testid="archive-button"
      >
        Archive
      </Button>
      <Confirm
        opened={asking}
        title={`Archive “${segment.title || segment.name}”?`}
        action="Archive the segment"
        danger
        busy={archive.isPending}
        error={archive.error}
        onConfirm={() => archive.mutate()}
        onClose={() => setAsking(false)}
      >
        It is no longer kept up to date, and nobody enters or leaves it. Its rule stays, so that it can be used again; it is
        then built anew. A segment that a campaign or another segment needs cannot be archived.
      </Confirm>
    </>
  )
}
