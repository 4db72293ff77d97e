/** Which segments and tags the customer has now, and what is computed of their events. */

import { Badge, Group, Text } from '@mantine/core'

import type { PersonView } from '@/api/people'
import { AnchorLink } from '@/parts/links'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'
import { sayValue } from '@/words/people'

import classes from './CustomerScreen.module.css'

export function Segments({ customer }: { customer: PersonView }) {
  const segments = customer.segments ?? []
  return (
    <Panel title="Segments" note="Kept true as events arrive" testid="segments">
      {segments.length === 0 ? (
        <Text size="sm" c="dimmed">In none now.</Text>
      ) : (
        <Group gap={6}>
          {segments.map(({ name, title }) => (
            <AnchorLink key={name} to="/segments/$name" params={{ name }} underline="never" data-testid="segment-badge" data-name={name}>
              <Badge tt="none" style={{ cursor: 'pointer' }}>{title}</Badge>
            </AnchorLink>
          ))}
        </Group>
      )}
      {customer.tags.length > 0 && (
        <>
          <Text size="xs" c="dimmed" fw={550} mt="md" mb={6} component="h3">Tags</Text>
          <Group gap={6}>
            {customer.tags.map((tag) => <Badge key={tag} color="gray" tt="none" data-testid="tag-badge">{tag}</Badge>)}
          </Group>
        </>
      )}
    </Panel>
  )
}

export function Traits({ traits }: { traits: Record<string, unknown> }) {
  return (
    <Panel title="Computed traits" note="Counted over their events" testid="traits">
      <dl className={classes.facts}>
        {Object.entries(traits).map(([name, value]) => (
          <div key={name} data-testid="trait-row" data-name={name}>
            <dt>{sentence(name)}</dt>
            <dd className="numbers">{sayValue(value)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}
