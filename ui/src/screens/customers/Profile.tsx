/** What is known of the customer: the fields that Motet knows by name, then the attributes with their types. */

import { Text } from '@mantine/core'

import type { PersonView } from '@/api/people'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'
import { full } from '@/words/moments'
import { sayValue, typeOf } from '@/words/people'

import classes from './CustomerScreen.module.css'

export function Profile({ customer }: { customer: PersonView }) {
  const known: [string, string | null | undefined][] = [
    ...Object.entries(customer.handles ?? {}).map(([network, handle]): [string, string] => [sentence(network), handle]),
    ['Timezone', customer.timezone],
    ['Locale', customer.locale],
    ['Last purchase', customer.last_purchase_at ? full(customer.last_purchase_at) : null],
  ]
  const told = known.filter(([, value]) => value)
  const attributes = Object.entries(customer.attributes ?? {})
  return (
    <Panel title="Attributes" testid="profile">
      {told.length + attributes.length === 0 && <Text size="sm" c="dimmed">Nothing is known yet.</Text>}
      {told.length > 0 && (
        <dl className={classes.facts}>
          {told.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {attributes.length > 0 && (
        <dl className={classes.facts} style={{ marginTop: told.length > 0 ? '0.5rem' : 0 }}>
          {attributes.map(([name, value]) => (
            <div key={name} data-testid="attribute-row" data-name={name}>
              <dt title={name}>
                {sentence(name)}
                <Text span size="xs" c="dimmed" ml={6} className={classes.type}>{typeOf(value)}</Text>
              </dt>
              <dd>{sayValue(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  )
}
