/** A chosen file, before it is imported: what it is, where its columns go, what would be refused. */

import { Anchor, Button, Group, Progress, SegmentedControl, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'

import { ApiError } from '@/api/client'
import { type ImportKind, type ImportPreview, type ImportWish, previewFile, sendFile } from '@/api/imports'
import { Icon } from '@/parts/Icon'
import { Back } from '@/parts/links'
import { PageHead, Panel } from '@/parts/Page'
import { Failure, LoadingRows } from '@/parts/States'
import { bytes, looksLikeEvents } from '@/words/imports'
import { percent } from '@/words/numbers'

import { Check } from './Check'
import { FirstRows } from './FirstRows'
import classes from './Imports.module.css'
import { MappingList } from './MappingList'

/** What a person did to the guesses; a file keeps its name, so this is of one file. */
interface Draft {
  kind: ImportKind | null // null: as it is guessed
  mapping: Record<string, string>
  event: string
  live: boolean
}

export function Setup({ file, close }: { file: File; close: () => void }) {
  const [draft, setDraft] = useState<Draft>({ kind: null, mapping: {}, event: '', live: false })
  const [event] = useDebouncedValue(draft.event.trim(), 300)
  const guess = useQuery({
    queryKey: ['imports', 'guess', file.name, file.size, file.lastModified],
    queryFn: async ({ signal }): Promise<ImportKind> =>
      looksLikeEvents(await previewFile(file, { kind: 'events' }, signal)) ? 'events' : 'customers',
    staleTime: Infinity,
    retry: false,
  })
  const kind = draft.kind ?? guess.data
  const wish: ImportWish = { kind: kind ?? 'customers', mapping: draft.mapping, event, live: draft.live }
  const look = useQuery({
    queryKey: ['imports', 'preview', file.name, file.size, file.lastModified, wish.kind, wish.mapping, wish.event],
    queryFn: ({ signal }) => previewFile(file, wish, signal),
    enabled: kind !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  })
  const preview = look.data
  const error = guess.error ?? look.error
  const settled = !look.isFetching && event === draft.event.trim()

  return (
    <>
      <PageHead
        title={file.name}
        lead={`${bytes(file.size)} · nothing is written before you start`}
        before={<Anchor component="button" type="button" size="sm" onClick={close}><Back>Another file</Back></Anchor>}
      />
      <div className={classes.setup}>
        <div className={classes.stack}>
          {error ? <Failure error={error} retry={() => void (guess.error ? guess.refetch() : look.refetch())} /> : null}
          {!preview && !error ? <LoadingRows rows={6} height={48} /> : null}
          {preview && kind ? (
            <>
              <Kind kind={kind} form={preview.form} choose={(chosen) => setDraft({ ...draft, kind: chosen, mapping: {} })} />
              {kind === 'events' && <EventOptions draft={draft} preview={preview} change={setDraft} />}
              <MappingList
                preview={preview}
                kind={kind}
                map={(column, target) => setDraft({ ...draft, mapping: { ...draft.mapping, [column]: target } })}
              />
              <FirstRows preview={preview} />
            </>
          ) : null}
        </div>
        {preview && kind ? (
          <div className={classes.side}>
            <Check preview={preview} stale={!settled} kind={kind} />
            <Start file={file} wish={wish} ready={settled && !error && preview.problems.length === 0} />
          </div>
        ) : null}
      </div>
    </>
  )
}

function Kind({ kind, form, choose }: { kind: ImportKind; form: ImportPreview['form']; choose: (kind: ImportKind) => void }) {
  const forms = { csv: 'CSV with a header', json_lines: 'JSON lines', calls: 'JSON lines of tracking calls, as Segment archives them' }
  return (
    <Panel title="What is in it" note={forms[form]}>
      <SegmentedControl
        value={kind}
        onChange={(value) => choose(value)}
        data={[
          { value: 'customers', label: 'Customers' },
          { value: 'events', label: 'Events' },
        ]}
        aria-label="What is in the file"
        data-testid="kind-control"
      />
      <Text size="sm" c="dimmed" mt="xs">
        {kind === 'customers'
          ? 'Each row is a profile. Who is known is changed where the file says something else; nothing is emptied.'
          : 'Each row is something that a customer did. Customers who are not known yet are made.'}
      </Text>
    </Panel>
  )
}

function EventOptions({ draft, preview, change }: { draft: Draft; preview: ImportPreview; change: (draft: Draft) => void }) {
  const named = preview.form === 'calls' || preview.columns.some(({ target }) => target === 'name')
  return (
    <Panel title="Events">
      <Stack gap="md">
        {!named || draft.event ? (
          <TextInput
            label="What is each row?"
            description="The name of the events, since no column says it"
            placeholder="purchase"
            value={draft.event}
            onChange={(event) => change({ ...draft, event: event.currentTarget.value })}
            maw={360}
            data-testid="event-name"
          />
        ) : null}
        <Switch
          label="Let these events start journeys"
          description="Off: this is history. It is counted for segments and traits, and nobody is written to because of it."
          checked={draft.live}
          onChange={(event) => change({ ...draft, live: event.currentTarget.checked })}
          data-testid="live-switch"
        />
      </Stack>
    </Panel>
  )
}

function Start({ file, wish, ready }: { file: File; wish: ImportWish; ready: boolean }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [sent, setSent] = useState(0)
  const stop = useRef<AbortController | null>(null)
  useEffect(() => () => stop.current?.abort(), [])
  const send = useMutation({
    mutationFn: (again: boolean) => {
      stop.current = new AbortController()
      setSent(0)
      return sendFile(file, { ...wish, again }, setSent, stop.current.signal)
    },
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ['imports'], exact: true })
      await navigate({ to: '/imports/$id', params: { id } })
    },
  })
  const before = send.error instanceof ApiError && send.error.code === 'import.already_done'
  const stopped = send.error instanceof ApiError && send.error.code === 'aborted'
  return (
    <Stack gap="sm">
      {send.error && !stopped ? <Failure error={send.error} /> : null}
      {send.isPending && (
        <div className={classes.progress} role="status">
          <Progress value={sent * 100} aria-label="Sent" />
          <Text size="sm" c="dimmed">{sent < 1 ? `Sending, ${percent(sent)}` : 'Sent; it is being looked at'}</Text>
        </div>
      )}
      <Group gap="xs">
        <Button
          leftSection={<Icon name="import" size={16} />}
          disabled={!ready}
          loading={send.isPending}
          onClick={() => send.mutate(before)}
          data-testid="start-import"
        >
          {before ? 'Import it once more' : 'Start the import'}
        </Button>
        {send.isPending && <Button variant="default" onClick={() => stop.current?.abort()}>Stop sending</Button>}
      </Group>
    </Stack>
  )
}
