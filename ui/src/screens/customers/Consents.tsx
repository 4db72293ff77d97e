/** What the customer allows on each channel, and what stands in the way. */

import { Badge, Text, Tooltip } from '@mantine/core'

import type { PersonView } from '@/api/people'
import type { ChannelWord, CustomerView } from '@/api/types'
import { ChannelLabel } from '@/parts/ChannelMark'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'

import classes from './CustomerScreen.module.css'

const SHOWN: ChannelWord[] = ['email', 'sms', 'push', 'in_app']

export function Consents({ customer }: { customer: PersonView }) {
  const topics = Object.entries(customer.topics ?? {})
  return (
    <Panel title="Channels and consent" testid="consents">
      <ul className={classes.plain}>
        {SHOWN.map((channel) => {
          const { word, color, hint } = stateOf(customer, channel)
          const cap = customer.caps?.[channel]
          return (
            <li key={channel} className={classes.row} data-testid="consent-row" data-channel={channel} data-state={word}>
              <ChannelLabel channel={channel} />
              <span>
                {cap !== undefined && <Text size="xs" c="dimmed" span mr={8}>at most {cap} a day</Text>}
                <Tooltip label={hint}>
                  <Badge color={color} tt="none" tabIndex={0}>{word}</Badge>
                </Tooltip>
              </span>
            </li>
          )
        })}
      </ul>
      {topics.length > 0 && (
        <>
          <Text size="xs" c="dimmed" fw={550} mt="md" mb={2} component="h3">Topics</Text>
          <ul className={classes.plain}>
            {topics.map(([topic, wanted]) => (
              <li key={topic} className={classes.row} data-testid="topic-row" data-topic={topic} data-wanted={wanted}>
                <span>{sentence(topic)}</span>
                <Badge color={wanted ? 'verdigris' : 'red'} tt="none">{wanted ? 'Subscribed' : 'Unsubscribed'}</Badge>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  )
}

/** The strongest reason first: what forbids, then what is missing. */
function stateOf(customer: CustomerView, channel: ChannelWord): { word: string; color: string; hint: string } {
  const suppression = customer.suppressions?.[channel]
  if (suppression) {
    return { word: 'Suppressed', color: 'red', hint: `${suppression.address}: ${sentence(suppression.reason).toLowerCase()}` }
  }
  if (customer.consents?.[channel] === false) {
    return { word: 'Unsubscribed', color: 'red', hint: 'The customer unsubscribed from this channel.' }
  }
  if (customer.preferences?.[channel] === false) {
    return { word: 'Switched off', color: 'saffron', hint: 'The customer does not want this channel.' }
  }
  if (!hasAddress(customer, channel)) return { word: 'No address', color: 'gray', hint: 'There is no address to write to.' }
  return { word: 'Allowed', color: 'verdigris', hint: 'Nothing stands against it.' }
}

function hasAddress(customer: CustomerView, channel: ChannelWord): boolean {
  if (channel === 'email') return Boolean(customer.email)
  if (channel === 'sms') return Boolean(customer.phone)
  if (channel === 'push') return (customer.devices ?? []).length > 0
  return true
}
