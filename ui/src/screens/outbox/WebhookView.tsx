/** A webhook call: where it went, its headers, and its JSON made readable. */

import { Badge, Code, Group, Table, Text } from '@mantine/core'

import type { OutboxMessage } from '@/api/types'
import { headerPairs, prettyJson } from '@/words/letters'

import classes from './EmailView.module.css'

export function WebhookView({ message }: { message: OutboxMessage }) {
  return (
    <div style={{ padding: '1.1rem' }}>
      <Group gap="xs" mb="md">
        <Badge tt="none" color="gray">POST</Badge>
        <Text size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>{message.url ?? message.to}</Text>
        {message.verified === true && <Badge tt="none">Signature verified</Badge>}
        {message.verified === false && <Badge tt="none" color="red">Signature is wrong</Badge>}
      </Group>
      <Code block data-testid="webhook-json" tabIndex={0}>{prettyJson(message.body ?? message.preview)}</Code>
      <Text size="xs" c="dimmed" fw={550} mt="lg" mb={4}>Headers</Text>
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {headerPairs(message.headers).map(([name, value], place) => (
            <Table.Tr key={place}>
              <Table.Th className={classes.headerName}>{name}</Table.Th>
              <Table.Td className={classes.headerValue}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
