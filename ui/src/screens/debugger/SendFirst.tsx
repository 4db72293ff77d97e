/** How to send an event from a terminal, and the write key that it takes. */

import { Anchor, Badge, Button, Code, CopyButton, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { addKey, keysQuery } from '@/api/keys'
import { Copy } from '@/parts/Copy'
import { AnchorLink } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { Failure } from '@/parts/States'
import { curlLine } from '@/words/debugger'

import classes from './Debugger.module.css'

export function SendFirst() {
  const [key, setKey] = useState<string | null>(null)
  const line = curlLine(window.location.origin, key ?? 'YOUR_WRITE_KEY')
  return (
    <Stack gap="md" className={classes.first} data-testid="send-first">
      <section aria-label="Write key">
        <Text fw={600} size="sm" mb={4}>1. Take a write key</Text>
        <WriteKeys made={key} onMade={setKey} />
      </section>
      <section aria-label="First event">
        <Text fw={600} size="sm" mb={6}>2. Send an event</Text>
        <Code block className={classes.curl} data-testid="curl-line" tabIndex={0}>{line}</Code>
        <Copy value={line} label="Copy the line" mt="xs" />
      </section>
      <Text size="sm" c="dimmed">
        The libraries of Segment and RudderStack work as they are: give them the write key, and{' '}
        <Code>{window.location.origin}</Code> as their host.
      </Text>
    </Stack>
  )
}

function WriteKeys({ made, onMade }: { made: string | null; onMade: (key: string) => void }) {
  const [name, setName] = useState('website')
  const client = useQueryClient()
  const keys = useQuery(keysQuery)
  const add = useMutation({
    mutationFn: () => addKey(name.trim()),
    onSuccess: async ({ key }) => {
      onMade(key)
      await client.invalidateQueries({ queryKey: keysQuery.queryKey })
    },
  })
  const standing = (keys.data ?? []).filter((each) => !each.revoked_at)
  if (made !== null) {
    return (
      <Stack gap={6}>
        <Group gap="xs">
          <Code className={classes.key} data-testid="write-key">{made}</Code>
          <CopyButton value={made}>
            {({ copied, copy }) => <Anchor component="button" type="button" size="sm" onClick={copy}>{copied ? 'Copied' : 'Copy'}</Anchor>}
          </CopyButton>
        </Group>
        <Text size="xs" c="dimmed">It is shown this once. It stands in the line below already.</Text>
      </Stack>
    )
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <form onSubmit={submit}>
      {standing.length > 0 && (
        <Group gap={6} mb="xs" data-testid="write-keys">
          {standing.map((each) => (
            <Badge key={each.id} color="gray" tt="none" fw={500}>
              {each.name}, made <Moment at={each.created_at} />
            </Badge>
          ))}
        </Group>
      )}
      <Group gap="xs" align="flex-end">
        <TextInput
          label="What will send"
          size="xs"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          data-testid="key-name"
        />
        <Button size="xs" type="submit" loading={add.isPending} disabled={name.trim() === ''} data-testid="make-key">
          {standing.length > 0 ? 'Make another key' : 'Make a write key'}
        </Button>
      </Group>
      <Text size="xs" c="dimmed" mt={6}>
        All keys stand in <AnchorLink to="/settings" search={{ part: 'keys' }} inherit>Settings</AnchorLink>; in a
        terminal <Code>motet keys add website</Code> makes one.
      </Text>
      {add.error ? <Failure error={add.error} /> : null}
    </form>
  )
}
