/** What the journey is for: its goals, what ends it for a customer, and the limits that it keeps. */

import { Badge, Group, List, Text } from '@mantine/core'
import type { ReactNode } from 'react'

import type { JourneyGraph } from '@/api/journeys'
import type { CampaignView } from '@/api/types'
import { Panel } from '@/parts/Page'
import { capital } from '@/words/reasons'

export function JourneyAbout({ journey, graph }: { journey: CampaignView; graph: JourneyGraph }) {
  return (
    <Panel title="About">
      {journey.description && <Text size="sm">{journey.description}</Text>}
      <Part title="Who may enter">
        {graph.segments.length > 0 ? (
          <Group gap={6}>{graph.segments.map((tag) => <Badge key={tag} color="gray" tt="none">{tag}</Badge>)}</Group>
        ) : (
          <Text size="sm">All customers</Text>
        )}
      </Part>
      <Part title="Goals"><Lines lines={graph.goals} none="None is declared." /></Part>
      <Part title="A customer leaves when"><Lines lines={graph.exits} none="They come to an end; nothing else takes them out." /></Part>
      <Part title="Frequency rules"><Lines lines={journey.frequency} none="None of its own; the brand’s limits hold." /></Part>
    </Panel>
  )
}

function Lines({ lines, none }: { lines: string[]; none: string }) {
  if (lines.length === 0) return <Text size="sm" c="dimmed">{none}</Text>
  return <List size="sm">{lines.map((line) => <List.Item key={line}>{capital(line)}</List.Item>)}</List>
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div style={{ marginTop: '0.9rem' }}>
      <Text size="xs" c="dimmed" fw={550} mb={4}>{title}</Text>
      {children}
    </div>
  )
}
