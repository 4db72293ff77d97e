/** What can be done with a campaign in its present status; each asks before it acts. */

import { Button, Group } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'

import { post } from '@/api/client'
import type { CampaignRow, CampaignStatus } from '@/api/types'
import { Confirm } from '@/parts/Confirm'
import { Icon, type IconName } from '@/parts/Icon'

import { LaunchDialog } from './LaunchDialog'

type Deed = 'pause' | 'resume' | 'cancel'

const DEEDS: Record<Deed, { label: string; done: string; icon: IconName; from: CampaignStatus[]; danger?: boolean; text: ReactNode }> = {
  pause: {
    label: 'Pause',
    done: 'is paused',
    icon: 'pause',
    from: ['running', 'scheduled'],
    text: 'Nobody enters and nothing is sent while it is paused. Everyone keeps their place, and goes on from there when you resume.',
  },
  resume: {
    label: 'Resume',
    done: 'runs again',
    icon: 'play',
    from: ['paused'],
    text: 'Customers go on from the step they are on. What fell due in the meantime is sent now, within the frequency rules.',
  },
  cancel: {
    label: 'Cancel',
    done: 'is cancelled',
    icon: 'stop',
    from: ['running', 'paused', 'scheduled'],
    danger: true,
    text: 'Everyone leaves it and what was not sent stays unsent. What is cancelled cannot be resumed.',
  },
}

export function CampaignActions({ campaign }: { campaign: CampaignRow }) {
  const [deed, setDeed] = useState<Deed | null>(null)
  const [launching, setLaunching] = useState(false)
  const client = useQueryClient()
  const act = useMutation({
    mutationFn: (what: Deed) => post<CampaignRow>(`/api/campaigns/${encodeURIComponent(campaign.name)}/${what}`, {}),
    onSuccess: async (_, what) => {
      setDeed(null)
      notifications.show({ message: `“${campaign.title}” ${DEEDS[what].done}.` })
      await client.invalidateQueries({ queryKey: ['campaigns'] })
    },
  })
  const possible = (Object.keys(DEEDS) as Deed[]).filter((each) => DEEDS[each].from.includes(campaign.status))

  return (
    <Group gap="xs">
      {(campaign.status === 'draft' || campaign.status === 'completed') && (
        <Button leftSection={<Icon name="play" size={16} />} onClick={() => setLaunching(true)} data-testid="launch-button">
          {campaign.status === 'draft' ? 'Launch' : 'Launch again'}
        </Button>
      )}
      {possible.map((each) => (
        <Button
          key={each}
          variant={each === 'resume' ? 'filled' : 'default'}
          leftSection={<Icon name={DEEDS[each].icon} size={16} />}
          onClick={() => {
            act.reset()
            setDeed(each)
          }}
          data-testid={`${each}-button`}
        >
          {DEEDS[each].label}
        </Button>
      ))}
      {campaign.status === 'running' && (
        <Button variant="light" leftSection={<Icon name="customers" size={16} />} onClick={() => setLaunching(true)} data-testid="enrol-button">
          Enrol customers
        </Button>
      )}
      {/* `key` gives a fresh form each time it opens */}
      <LaunchDialog key={String(launching)} campaign={campaign} opened={launching} onClose={() => setLaunching(false)} />
      <Confirm
        opened={deed !== null}
        title={`${deed ? DEEDS[deed].label : ''} “${campaign.title}”?`}
        action={deed ? `${DEEDS[deed].label} the ${campaign.program_kind}` : ''}
        danger={deed !== null && DEEDS[deed].danger === true}
        busy={act.isPending}
        error={act.error}
        onConfirm={() => {
          if (deed) act.mutate(deed)
        }}
        onClose={() => setDeed(null)}
      >
        {deed && DEEDS[deed].text}
      </Confirm>
    </Group>
  )
}
