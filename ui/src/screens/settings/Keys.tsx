/** Write keys: with one, a website, an app or a server sends events. A key is shown once, when it is made. */

import { Alert, Badge, Button, Checkbox, Code, Group, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { post } from '@/api/client'
import { addKey, keysQuery, type NewKey, type WriteKey } from '@/api/keys'
import { Confirm } from '@/parts/Confirm'
import { Copy } from '@/parts/Copy'
import { Icon } from '@/parts/Icon'
import { Moment } from '@/parts/Moment'
import { Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { curlLine } from '@/words/debugger'

import classes from './settings.module.css'

export function Keys() {
  const { data, error, refetch } = useQuery(keysQuery)
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={3} height={56} />
  return (
    <Stack>
      <Panel title="New key" note="For each website, app or server its own, so that one can be revoked without the others">
        <NewKeyForm />
      </Panel>
      <Panel title="Write keys" note="They let events in, and nothing out">
        {data.length === 0 ? (
          <Empty icon="key" title="No write key yet">
            Libraries of Segment and RudderStack send to <code>{location.origin}</code> with a key made here.
          </Empty>
        ) : (
          <ul className={classes.list}>{data.map((key) => <KeyLine key={key.id} entry={key} />)}</ul>
        )}
      </Panel>
    </Stack>
  )
}

function NewKeyForm() {
  const [name, setName] = useState('')
  const [page, setPage] = useState(false)
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: () => addKey(name.trim(), page),
    onSuccess: async () => {
      setName('')
      await client.invalidateQueries({ queryKey: ['keys'] })
    },
  })
  function submit(event: SyntheticEvent): void {
    event.preventDefault()
    if (name.trim() !== '') add.mutate()
  }
  return (
    <Stack component="form" onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <TextInput
          label="What will send with it"
          placeholder="website"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          style={{ flex: '1 1 14rem' }}
          data-testid="key-name"
        />
        <Button type="submit" disabled={name.trim() === ''} loading={add.isPending} data-testid="add-key">Make a key</Button>
      </Group>
      <Checkbox
        label="It stands in a page or an app"
        description="Everybody can read it there, so it cannot make two known customers one"
        checked={page}
        onChange={(event) => setPage(event.currentTarget.checked)}
        data-testid="key-page"
      />
      {add.error ? <Failure error={add.error} /> : null}
      {add.data && <Shown made={add.data} />}
    </Stack>
  )
}

function Shown({ made }: { made: NewKey }) {
  return (
    <Alert icon={<Icon name="key" />} title={`The key of “${made.name}”: keep it now, it is not shown again`} data-testid="new-key">
      <Stack gap="sm" align="flex-start">
        <Group gap="xs">
          <Code className={classes.secret}>{made.key}</Code>
          <Copy value={made.key} size="compact-sm" />
        </Group>
        <Code block style={{ maxWidth: '100%', overflow: 'auto' }}>{curlLine(location.origin, made.key)}</Code>
      </Stack>
    </Alert>
  )
}

function KeyLine({ entry }: { entry: WriteKey }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => post<{ keys: WriteKey[] }>(`/api/keys/${encodeURIComponent(entry.id)}/revoke`, {}),
    onSuccess: ({ keys }) => {
      setAsking(false)
      client.setQueryData(keysQuery.queryKey, keys)
      notifications.show({ message: `The key of “${entry.name}” is revoked.` })
    },
  })
  return (
    <li className={classes.row} data-testid="key-row" data-name={entry.name}>
      <div className={classes.words}>
        <Group gap="xs">
          <Text fw={600} size="sm" span>{entry.name}</Text>
          <Badge color={entry.revoked_at ? 'gray' : 'verdigris'} tt="none">{entry.revoked_at ? 'Revoked' : 'In use'}</Badge>
          <Text size="xs" c="dimmed" span>{entry.page ? 'pages and apps' : 'servers'}</Text>
        </Group>
        <Text size="xs" c="dimmed">
          <Moment at={entry.created_at} prefix="made " />
          {entry.revoked_at && <Moment at={entry.revoked_at} prefix=" · revoked " />}
        </Text>
      </div>
      {!entry.revoked_at && (
        <Button
          size="xs"
          variant="default"
          aria-label={`Revoke the key of ${entry.name}`}
          onClick={() => {
            revoke.reset()
            setAsking(true)
          }}
          data-testid="revoke-key"
        >
          Revoke
        </Button>
      )}
      <Confirm
        opened={asking}
        title={`Revoke the key of “${entry.name}”?`}
        action="Revoke the key"
        danger
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => revoke.mutate()}
        onClose={() => setAsking(false)}
      >
        What sends with it is refused within seconds. What it sent stays. It cannot be undone; make a new key instead.
      </Confirm>
    </li>
  )
}
