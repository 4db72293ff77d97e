/** By which names the customer is known, and the devices that take push messages. */

import { ActionIcon, CopyButton, Text, Tooltip } from '@mantine/core'

import type { Identifier, PersonView } from '@/api/people'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'
import { nameIdentifier } from '@/words/people'

import classes from './CustomerScreen.module.css'

const PLATFORMS: Record<string, string> = { fcm: 'Android or FCM', apns: 'Apple', web: 'Web push' }

export function Identifiers({ customer }: { customer: PersonView }) {
  const identifiers = customer.identifiers ?? []
  const devices = customer.devices ?? []
  return (
    <Panel title="Identifiers" note="An event under any of these is theirs" testid="identifiers">
      {identifiers.length === 0 ? (
        <Text size="sm" c="dimmed">None but Motet’s own id.</Text>
      ) : (
        <ul className={classes.plain}>
          {identifiers.map((each) => <IdentifierRow key={`${each.kind} ${each.value}`} identifier={each} />)}
        </ul>
      )}
      {devices.length > 0 && (
        <>
          <Text size="xs" c="dimmed" fw={550} mt="md" mb={2} component="h3">Devices</Text>
          <ul className={classes.plain}>
            {devices.map(({ token, platform = 'fcm' }) => (
              <li key={token} className={classes.row} data-testid="device-row">
                <Text size="sm" c="dimmed" className={classes.label}>{PLATFORMS[platform] ?? sentence(platform)}</Text>
                <Value text={token} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  )
}

function IdentifierRow({ identifier }: { identifier: Identifier }) {
  const { name, value } = nameIdentifier(identifier)
  return (
    <li className={classes.row} data-testid="identifier-row" data-kind={identifier.kind} data-value={identifier.value}>
      <Text size="sm" c="dimmed" className={classes.label}>{name}</Text>
      <Value text={value} />
    </li>
  )
}

function Value({ text }: { text: string }) {
  return (
    <span className={classes.copied}>
      <span className={classes.token} title={text}>{text}</span>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon size="sm" variant="subtle" color="gray" onClick={copy} aria-label={`Copy ${text}`}>
              <Icon name={copied ? 'check' : 'copy'} size={14} />
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  )
}
