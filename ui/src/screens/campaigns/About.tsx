/** What the campaign is for and the limits it keeps. */

import { Badge, Group, List, Text } from '@mantine/core'
import type { ReactNode } from 'react'

import type { CampaignView } from '@/api/types'
import { ChannelRow } from '@/parts/ChannelMark'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'
import { capital } from '@/words/reasons'

export function About({ campaign }: { campaign: CampaignView }) {
  return (
    <Panel title="About">
      {campaign.description && <Text size="sm" mb="md">{campaign.description}</Text>}
      <Part title="Channels"><ChannelRow channels={campaign.channels} /></Part>
      <Part title="Target segments">
        {campaign.segments.length > 0 ? (
          <Group gap={6}>{campaign.segments.map((tag) => <Badge key={tag} color="gray" tt="none">{tag}</Badge>)}</Group>
        ) : (
          <Text size="sm">All customers</Text>
        )}
      </Part>
      <Part title="Frequency rules">
        {campaign.frequency.length > 0 ? (
          <List size="sm">{campaign.frequency.map((rule) => <List.Item key={rule}>{capital(rule)}</List.Item>)}</List>
        ) : (
          <Text size="sm">None of its own; the brand’s limits hold.</Text>
        )}
      </Part>
      {campaign.success_metrics.length > 0 && (
        <Part title="Success is measured by">
          <List size="sm">{campaign.success_metrics.map((metric) => <List.Item key={metric}>{sentence(metric)}</List.Item>)}</List>
        </Part>
      )}
    </Panel>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div style={{ marginTop: '0.9rem' }}>
      <Text size="xs" c="dimmed" fw={550} mb={4}>{title}</Text>
      {children}
    </div>
  )
}
