/** The unified profile: what Motet knows by name, then the attributes. */

import { Badge, Group, Text } from '@mantine/core'

import type { CustomerView } from '@/api/types'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'
import { full } from '@/words/moments'
import { plural } from '@/words/numbers'

import classes from './CustomerScreen.module.css'

export function Profile({ customer }: { customer: CustomerView }) {
  const devices = customer.devices ?? []
  const known: [string, string | null | undefined][] = [
    ['Email', customer.email],
    ['Phone', customer.phone],
    ['Devices', devices.length > 0 ? plural(devices.length, 'device') : null],
    ...Object.entries(customer.handles ?? {}).map(([network, handle]): [string, string] => [sentence(network), handle]),
    ['Timezone', customer.timezone],
    ['Locale', customer.locale],
    ['Last purchase', customer.last_purchase_at ? full(customer.last_purchase_at) : null],
  ]
  const attributes = Object.entries(customer.attributes ?? {})
  return (
    <Panel title="Profile" testid="profile">
      <dl className={classes.facts}>
        {known.filter(([, value]) => value).map(([name, value]) => <Fact key={name} name={name} value={value ?? ''} />)}
      </dl>
      {customer.tags.length > 0 && (
        <Group gap={6} mt="md">
          {customer.tags.map((tag) => <Badge key={tag} color="gray" tt="none">{tag}</Badge>)}
        </Group>
      )}
      {attributes.length > 0 && (
        <>
          <Text size="xs" c="dimmed" fw={550} mt="md" mb={6}>Attributes</Text>
          <dl className={classes.facts}>
            {attributes.map(([name, value]) => <Fact key={name} name={sentence(name)} value={say(value)} />)}
          </dl>
        </>
      )}
    </Panel>
  )
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

/** Lists of things become how many there are; their content is for the API. */
function say(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) return plural(value.length, 'item')
  if (Array.isArray(value)) return value.join(', ')
  return JSON.stringify(value)
}
