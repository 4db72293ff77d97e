/** One import: how far it is, how fast, and what was refused. */

import { Alert, Button, Progress, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { ApiError } from '@/api/client'
import { importQuery, type ImportView, isMoving, stopImport } from '@/api/imports'
import { Confirm } from '@/parts/Confirm'
import { Icon } from '@/parts/Icon'
import { AnchorLink, Back } from '@/parts/links'
import { Moment, useNow } from '@/parts/Moment'
import { PageHead, Panel } from '@/parts/Page'
import { Stat, StatRow } from '@/parts/Stat'
import { Failure, LoadingRows, Lost } from '@/parts/States'
import { bytes, fieldName, shareDone, timeLeft } from '@/words/imports'
import { duration } from '@/words/moments'
import { count, percent, plural, share } from '@/words/numbers'

import classes from './Imports.module.css'
import { ImportBadge } from './ImportTable'
import { Rejects } from './Rejects'

const PATIENCE = 8_000 // ms: a worker looks once a second

export function ImportScreen() {
  const { id } = useParams({ from: '/imports/$id' })
  const { data, error, refetch } = useQuery(importQuery(id))
  if (error instanceof ApiError && error.status === 404) return <Lost what="import" />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows />
  return <Body one={data} />
}

function Body({ one }: { one: ImportView }) {
  return (
    <>
      <PageHead
        title={one.name}
        badge={<ImportBadge status={one.status} />}
        lead={<>{one.kind === 'events' ? 'Events' : 'Customers'} · {bytes(one.size)} · started <Moment at={one.started_at} /> · {one.requested_by === 'command line' ? 'from the command line' : 'from a screen'}</>}
        before={<AnchorLink to="/imports" size="sm"><Back>Imports</Back></AnchorLink>}
      >
        {isMoving(one) && <Stop one={one} />}
      </PageHead>
      <div className={classes.stack}>
        <Course one={one} />
        <Numbers one={one} />
        <Rejects one={one} />
        <How one={one} />
      </div>
    </>
  )
}

function Course({ one }: { one: ImportView }) {
  const done = shareDone(one)
  const left = timeLeft(one)
  return (
    <Panel title="Progress">
      <div className={classes.progress} role="status" data-testid="import-progress">
        <Progress value={done * 100} size="lg" radius="md" animated={one.status === 'running'} color={one.status === 'refused' ? 'red' : undefined} aria-label="Share of the file that is imported" />
        <div className={classes.progressWords}>
          <span className="numbers">{percent(done)} of {bytes(one.size)}{left ? `, ${left}` : ''}</span>
          <span className="numbers">{one.rows_per_second ? `${count(one.rows_per_second)} rows/s` : ''}</span>
        </div>
      </div>
      <Said one={one} />
    </Panel>
  )
}

function Said({ one }: { one: ImportView }) {
  const now = useNow()
  if (one.status === 'waiting' && now - Date.parse(one.updated_at) > PATIENCE) {
    return (
      <Alert mt="md" color="saffron" icon={<Icon name="clock" />} title="It waits for a worker" data-testid="import-waits">
        The process that imports is busy with another file, or does not run: <code>motet up</code> has one,
        and <code>motet work --archive</code> is one.
      </Alert>
    )
  }
  if (one.status === 'refused') {
    return <Alert mt="md" color="red" icon={<Icon name="warning" />} title="It was refused" role="alert">{one.error}</Alert>
  }
  if (one.status === 'interrupted') {
    return (
      <Alert mt="md" color="saffron" icon={<Icon name="warning" />} title="Its command has ended before the file did">
        Run the same command again: it goes on where it was.
      </Alert>
    )
  }
  if (one.status === 'stopped') {
    return (
      <Alert mt="md" color="saffron" icon={<Icon name="stop" />} title="It was stopped">
        What was imported stays. Bring the same file again, and it goes on from here.
      </Alert>
    )
  }
  if (one.finished_at) {
    const seconds = (Date.parse(one.finished_at) - Date.parse(one.started_at)) / 1000
    return <Text size="sm" c="dimmed" mt="sm">Finished <Moment at={one.finished_at} />, in {duration(seconds)}.</Text>
  }
  return null
}

function Numbers({ one }: { one: ImportView }) {
  const events = one.kind === 'events'
  return (
    <StatRow number={4}>
      <Stat label="Rows read" value={count(one.rows)} note="of the file so far" testid="import-rows" />
      <Stat label={events ? 'New events' : 'Written'} value={count(one.changed)} note={events ? 'in the log' : 'customers made or changed'} color="var(--good)" testid="import-changed" />
      <Stat label={events ? 'Known before' : 'Unchanged'} value={count(one.accepted - one.changed)} note={events ? 'taken once only' : 'the file says the same'} color="var(--delivered)" />
      <Stat label="Rejected" value={count(one.rejected)} note="rows; the others were taken" rate={percent(share(one.rejected, one.rows))} color="var(--bad)" testid="import-rejected" />
    </StatRow>
  )
}

function How({ one }: { one: ImportView }) {
  const mapped = Object.entries(one.options.mapping ?? {}).toSorted(([a], [b]) => a.localeCompare(b))
  if (one.kind === 'customers' && mapped.length === 0) return null
  return (
    <Panel title="How it is read">
      {one.kind === 'events' && (
        <Text size="sm">
          {one.options.live ? 'As news: these events start and end journeys.' : 'As history: counted, and no journey starts because of it.'}
          {one.options.event ? ` Rows without a name are called “${one.options.event}”.` : ''}
        </Text>
      )}
      {mapped.length > 0 && <Text size="sm" c="dimmed">{mapped.map(([column, target]) => `${column} → ${fieldName(target)}`).join(', ')}</Text>}
    </Panel>
  )
}

function Stop({ one }: { one: ImportView }) {
  const [asked, setAsked] = useState(false)
  const client = useQueryClient()
  const stop = useMutation({
    mutationFn: () => stopImport(one.id),
    onSuccess: async () => {
      setAsked(false)
      await client.invalidateQueries({ queryKey: ['imports'] })
    },
  })
  return (
    <>
      <Button variant="default" leftSection={<Icon name="stop" size={14} />} onClick={() => setAsked(true)} data-testid="stop-import">
        Stop
      </Button>
      <Confirm
        opened={asked}
        title="Stop this import?"
        action="Stop it"
        danger
        busy={stop.isPending}
        error={stop.error}
        onConfirm={() => stop.mutate()}
        onClose={() => setAsked(false)}
      >
        {plural(one.accepted, 'row')} that were taken stay. To go on, bring the same file again.
      </Confirm>
    </>
  )
}
