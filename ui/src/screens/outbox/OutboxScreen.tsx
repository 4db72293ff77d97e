/** The local outbox: each message as its receiver sees it, as soon as it arrives. */

import { Group, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import { ApiError } from '@/api/client'
import { OUTBOX_PAGE, outboxQuery } from '@/api/queries'
import type { ChannelWord } from '@/api/types'
import { ChannelMark } from '@/parts/ChannelMark'
import { Icon } from '@/parts/Icon'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { CHANNELS, channelName } from '@/words/channels'
import { count } from '@/words/numbers'

import { MessagePane } from './MessagePane'
import classes from './OutboxScreen.module.css'
import { OutboxList } from './OutboxList'
import { useArrivals } from './useArrivals'

export function OutboxScreen() {
  const search = useSearch({ from: '/outbox' })
  const navigate = useNavigate()
  const [typed, setTyped] = useState(search.q ?? '')
  const list = useQuery(outboxQuery(search.channel, search.q ?? ''))
  useArrivals()

  const go = (change: Partial<typeof search>) =>
    void navigate({ to: '/outbox', search: { ...search, ...change }, replace: true, resetScroll: false })
  const find = useDebouncedCallback((text: string) => go({ q: text.trim() || undefined }), 250)

  if (list.error instanceof ApiError && list.error.status === 404) return <Absent />
  return (
    <>
      <PageHead title="Outbox" lead="Messages that went out to the local outbox, as their receivers see them. The newest are kept.">
        <TextInput
          w={{ base: '100%', sm: 280 }}
          type="search"
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            find(event.currentTarget.value)
          }}
          placeholder="Receiver, subject or words"
          aria-label="Search messages"
          leftSection={<Icon name="search" size={16} />}
          data-testid="outbox-search"
        />
      </PageHead>
      <ChannelFilter counts={list.data?.counts ?? {}} chosen={search.channel} choose={(channel) => go({ channel })} />
      {list.error && !list.data ? <Failure error={list.error} retry={() => void list.refetch()} /> : null}
      <div className={classes.split} data-reading={search.message !== undefined}>
        <div className={classes.list}>
          {list.isPending ? <LoadingRows rows={8} height={64} /> : null}
          {list.data?.messages.length === 0 && <Nothing searched={Boolean(search.q ?? search.channel)} />}
          <OutboxList messages={list.data?.messages ?? []} chosen={search.message} choose={(message) => go({ message })} />
          {list.data?.messages.length === OUTBOX_PAGE && (
            <Text size="xs" c="dimmed" ta="center" p="md">The newest {OUTBOX_PAGE}. Search for older ones.</Text>
          )}
        </div>
        <div className={classes.pane}>
          {search.message === undefined ? (
            <Empty icon="outbox" title="Choose a message">It is shown here as its receiver sees it.</Empty>
          ) : (
            <MessagePane key={search.message} id={search.message} back={() => go({ message: undefined })} />
          )}
        </div>
      </div>
    </>
  )
}

interface ChannelFilterProps {
  counts: Partial<Record<ChannelWord, number>>
  chosen: ChannelWord | undefined
  choose: (channel: ChannelWord | undefined) => void
}

function ChannelFilter({ counts, chosen, choose }: ChannelFilterProps) {
  const all = Object.values(counts).reduce((sum, some) => sum + some, 0)
  const shown = CHANNELS.filter((channel) => (counts[channel] ?? 0) > 0 || channel === chosen)
  return (
    <Group gap="xs" mb="md" role="group" aria-label="Channel">
      <UnstyledButton className={classes.chip} aria-pressed={chosen === undefined} onClick={() => choose(undefined)} data-testid="outbox-channel-all">
        All <span className="numbers">{count(all)}</span>
      </UnstyledButton>
      {shown.map((channel) => (
        <UnstyledButton
          key={channel}
          className={classes.chip}
          aria-pressed={chosen === channel}
          onClick={() => choose(channel)}
          data-testid={`outbox-channel-${channel}`}
        >
          <ChannelMark channel={channel} size={20} />
          {channelName(channel)} <span className="numbers">{count(counts[channel])}</span>
        </UnstyledButton>
      ))}
    </Group>
  )
}

function Nothing({ searched }: { searched: boolean }) {
  if (searched) return <Empty icon="search" title="No message is found">Search for other words, or choose all channels.</Empty>
  return <Empty icon="outbox" title="No message yet">Launch a campaign, and its messages arrive here by themselves.</Empty>
}

function Absent() {
  return (
    <>
      <PageHead title="Outbox" />
      <Panel title="No local outbox runs here">
        <Empty icon="outbox" title="Messages go to your providers">
          The outbox stands in for providers while you try things out: <code>motet up</code> starts it, or{' '}
          <code>motet outbox</code> on its own.
        </Empty>
      </Panel>
    </>
  )
}
