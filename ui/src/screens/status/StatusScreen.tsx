/** What is set up and what is missing: channels and providers, workers, the version. */

import { Badge, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { statusQuery } from '@/api/queries'
import type { StatusView } from '@/api/types'
import { ChannelLabel } from '@/parts/ChannelMark'
import { PageHead, Panel } from '@/parts/Page'
import { ProblemList } from '@/parts/ProblemList'
import { Failure, LoadingRows } from '@/parts/States'
import { WorkerList } from '@/parts/WorkerList'
import { channelOrder, sentence } from '@/words/channels'
import { count } from '@/words/numbers'

import classes from './StatusScreen.module.css'

export function StatusScreen() {
  const { data, error, refetch } = useQuery(statusQuery)
  return (
    <>
      <PageHead title="Status" lead="Channels, workers, and what this Motet runs on" />
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <LoadingRows /> : null}
      {data ? <Body status={data} /> : null}
    </>
  )
}

function Body({ status }: { status: StatusView }) {
  const channels = status.channels.toSorted((a, b) => channelOrder(a.channel) - channelOrder(b.channel))
  return (
    <div className={classes.grid}>
      <Panel title="Channels" note="A channel without a provider drops its messages, or uses the fallback">
        <ul className={classes.list}>
          {channels.map((row) => <ChannelStatus key={row.channel} row={row} />)}
        </ul>
      </Panel>
      <div className={classes.side}>
        <Panel title="Workers"><WorkerList workers={status.workers} /></Panel>
        <Panel title="This Motet">
          <dl className={classes.facts}>
            <Fact name="Version" value={status.version} />
            <Fact name="Lanes" value={count(status.lanes)} />
            {typeof status.database === 'string' ? (
              <Fact name="Database" value={status.database} />
            ) : (
              Object.entries(status.database).map(([key, value]) => (
                <Fact key={key} name={`Database ${sentence(key).toLowerCase()}`} value={String(value)} />
              ))
            )}
          </dl>
        </Panel>
      </div>
    </div>
  )
}

function ChannelStatus({ row: { channel, provider, problems } }: { row: StatusView['channels'][number] }) {
  const state = provider === null ? 'off' : problems.length > 0 ? 'attention' : 'ready'
  const badge = {
    attention: <Badge color="red" tt="none">Needs attention</Badge>,
    ready: <Badge tt="none">Ready</Badge>,
    off: <Badge color="gray" tt="none">Not set up</Badge>,
  }[state]
  return (
    <li className={classes.channel} data-testid="status-channel" data-channel={channel} data-state={state}>
      <div className={classes.head}>
        <ChannelLabel channel={channel} />
        <Text size="sm" c="dimmed" className={classes.provider}>{provider ?? 'no provider'}</Text>
        {badge}
      </div>
      {problems.length > 0 && <div className={classes.problems}><ProblemList problems={problems} /></div>}
    </li>
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
