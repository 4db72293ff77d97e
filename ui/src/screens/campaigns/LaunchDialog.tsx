/** To whom the campaign goes: from now on, the whole audience, or named customers. */

import { Button, Group, Modal, Radio, Stack, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { post } from '@/api/client'
import type { CampaignRow } from '@/api/types'
import { Failure } from '@/parts/States'
import { spoken } from '@/words/channels'
import { splitReferences } from '@/words/customers'
import { plural } from '@/words/numbers'

type Mode = 'listen' | 'audience' | 'named'

interface LaunchDialogProps {
  campaign: CampaignRow
  opened: boolean
  onClose: () => void
}

export function LaunchDialog({ campaign, opened, onClose }: LaunchDialogProps) {
  const modes = modesOf(campaign)
  const [mode, setMode] = useState<Mode>(modes[0]?.value ?? 'audience')
  const [named, setNamed] = useState('')
  const customers = splitReferences(named)
  const client = useQueryClient()
  const launch = useMutation({
    mutationFn: () => post<CampaignRow>(`/api/campaigns/${encodeURIComponent(campaign.name)}/launch`, bodyOf(mode, customers)),
    onSuccess: async () => {
      onClose()
      notifications.show({ message: `“${campaign.title}” is launched.` })
      await client.invalidateQueries({ queryKey: ['campaigns'] })
    },
  })
  const ready = mode !== 'named' || customers.length > 0

  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650}>{titleOf(campaign)}</Text>} size="lg">
      <Stack>
        <Radio.Group value={mode} onChange={(value) => setMode(value)} label="To whom">
          <Stack gap="sm" mt="xs">
            {modes.map(({ value, label, description }) => (
              <Radio key={value} value={value} label={label} description={description} data-testid={`launch-mode-${value}`} />
            ))}
          </Stack>
        </Radio.Group>
        {mode === 'named' && (
          <Textarea
            label="Customers"
            description="External ids, separated by commas, spaces or new lines"
            value={named}
            onChange={(event) => setNamed(event.currentTarget.value)}
            autosize
            minRows={2}
            maxRows={8}
            spellCheck={false}
            data-testid="launch-customers"
          />
        )}
        {launch.error ? <Failure error={launch.error} /> : null}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>Not now</Button>
          <Button disabled={!ready} loading={launch.isPending} onClick={() => launch.mutate()} data-testid="confirm-button">
            {mode === 'named' && customers.length > 0 ? `Launch for ${plural(customers.length, 'customer')}` : 'Launch'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function titleOf(campaign: CampaignRow): string {
  return campaign.status === 'running' ? `Enrol customers in “${campaign.title}”` : `Launch “${campaign.title}”`
}

function modesOf({ kind, trigger, status }: CampaignRow): { value: Mode; label: string; description: string }[] {
  const named = { value: 'named', label: 'Named customers', description: 'Only those you name, at once. Good for a first look.' } as const
  const audience = (description: string) => ({ value: 'audience', label: 'The whole audience', description }) as const
  if (kind === 'broadcast') {
    return [audience('Everyone who is in the target segments now, at once.'), named]
  }
  const listen = {
    value: 'listen',
    label: 'From now on',
    description: `${spoken(trigger)}. Customers enter by themselves; nobody is enrolled today.`,
  } as const
  const both = audience('Everyone in the target segments now, at once; and from now on by the trigger.')
  return status === 'running' ? [both, named] : [listen, both, named]
}

function bodyOf(mode: Mode, customers: string[]): { customers?: string[]; audience?: boolean } {
  if (mode === 'named') return { customers }
  return mode === 'audience' ? { audience: true } : {}
}
