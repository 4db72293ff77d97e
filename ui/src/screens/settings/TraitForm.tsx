/** The form of a computed trait: which events, what of them, in which stretch of time. */

import { Autocomplete, Button, Drawer, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'

import { ApiError, post } from '@/api/client'
import { type AppliedDocument, type TraitRow, vocabularyQuery } from '@/api/segments'
import type { Problem } from '@/api/types'
import { ProblemList } from '@/parts/ProblemList'
import { Compact } from '@/parts/rules/Compact'
import { NO_VOCABULARY, RuleContext } from '@/parts/rules/context'
import { EventNames } from '@/parts/rules/DeedEditors'
import { GroupBox } from '@/parts/rules/GroupBox'
import classes from '@/parts/rules/rules.module.css'
import { WindowInput } from '@/parts/rules/WindowInput'
import { Failure } from '@/parts/States'
import { capital } from '@/words/reasons'
import { type EventRow, gapsIn, nameOf, newField, newGroup, placeProblems, type Take, TAKE_WORDS, TAKES } from '@/words/segments'
import { NEW_TRAIT, readTrait, type TraitDraft, writeTrait } from '@/words/traits'

interface FormProps {
  trait: TraitRow | 'new' | null // null: closed
  onClose: () => void
}

export function TraitForm({ trait, onClose }: FormProps) {
  const known = trait !== null && trait !== 'new' ? trait : null
  return (
    <Drawer opened={trait !== null} onClose={onClose} position="right" size="lg" title={<Text fw={650}>{known ? `Edit ${known.title || known.name}` : 'New trait'}</Text>}>
      <Form start={known ? (readTrait(known.document) ?? NEW_TRAIT()) : NEW_TRAIT()} known={known !== null} onClose={onClose} />
    </Drawer>
  )
}

function Form({ start, known, onClose }: { start: TraitDraft; known: boolean; onClose: () => void }) {
  const [draft, setDraft] = useState(start)
  const [follows, setFollows] = useState(!known)
  const { data } = useQuery(vocabularyQuery)
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: () => post<AppliedDocument>('/api/segments', writeTrait(draft).document),
    onSuccess: async ({ name }) => {
      await client.invalidateQueries({ queryKey: ['traits'] })
      await client.invalidateQueries({ queryKey: ['vocabulary'] })
      notifications.show({ message: `“${name}” is computed from now on; what happened before is being counted.` })
      onClose()
    },
  })
  const change = (part: Partial<TraitDraft>) => {
    save.reset()
    setDraft({ ...draft, ...part })
  }
  const row = (part: Partial<EventRow>) => change({ row: { ...draft.row, ...part } })
  const { rows, rest } = useMemo(() => {
    const problems: Problem[] = save.error instanceof ApiError ? save.error.problems : []
    return placeProblems(problems, writeTrait(draft).places, draft.row.where?.id ?? '')
  }, [draft, save.error])
  const gaps = useMemo(() => gapsIn(newGroup('all', [draft.row])), [draft.row])
  const tools = useMemo(() => ({ vocabulary: data ?? NO_VOCABULARY, problems: rows, gaps }), [data, rows, gaps])
  return (
    <RuleContext value={tools}>
      <Stack>
        <TextInput
          label="Title"
          placeholder="Spent this year"
          value={draft.title}
          onChange={(event) => change({ title: event.currentTarget.value, ...(follows ? { name: nameOf(event.currentTarget.value).replaceAll('-', '_') } : {}) })}
          data-autofocus
          data-testid="trait-title"
        />
        <TextInput
          label="Name"
          description={known ? 'It stays as it is' : 'Rules name it as traits.name; it stays'}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={draft.name}
          readOnly={known}
          onChange={(event) => {
            setFollows(false)
            change({ name: event.currentTarget.value })
          }}
          data-testid="trait-name"
        />
        <Taken draft={draft} onTake={(take) => change({ take })} onRow={row} />
        {draft.row.where ? (
          <Compact>
            <GroupBox group={draft.row.where} depth={1} event={draft.row.events[0] ?? ''} onChange={(where) => row({ where })} onRemove={() => row({ where: null })} />
          </Compact>
        ) : (
          <Group><Button size="compact-xs" variant="subtle" onClick={() => row({ where: newGroup('all', [newField('')]) })}>Only events where…</Button></Group>
        )}
        {[...gaps.values()].slice(0, 1).map((gap) => <Text key={gap} size="xs" c="dimmed">{gap}</Text>)}
        {save.error && rows.size + rest.length === 0 ? <Failure error={save.error} /> : null}
        {rest.length > 0 && <ProblemList problems={rest} />}
        <Group>
          <Button disabled={draft.name === '' || gaps.size > 0} loading={save.isPending} onClick={() => save.mutate()} data-testid="save-trait">Save the trait</Button>
        </Group>
      </Stack>
    </RuleContext>
  )
}

interface TakenProps {
  draft: TraitDraft
  onTake: (take: Take) => void
  onRow: (part: Partial<EventRow>) => void
}

/** `the [sum of] [amount] over [purchase] [in the last 30 days]`. */
function Taken({ draft: { take, row }, onTake, onRow }: TakenProps) {
  const { data } = useQuery(vocabularyQuery)
  const properties = data?.events.find(({ name }) => name === row.events[0])?.properties ?? []
  return (
    <div className={classes.line}>
      <NativeSelect
        className={classes.middle}
        value={take}
        onChange={(event) => onTake(event.currentTarget.value as Take)}
        data={TAKES.map((value) => ({ value, label: capital(TAKE_WORDS[value]) }))}
        aria-label="What is taken"
        data-testid="trait-take"
      />
      {!['count', 'first', 'last'].includes(take) && (
        <Autocomplete
          className={classes.middle}
          value={row.of ?? ''}
          onChange={(text) => onRow({ of: text === '' ? null : text })}
          data={properties.map(({ name }) => name)}
          placeholder="value"
          aria-label="Of which property"
          data-testid="trait-of"
        />
      )}
      <span>of</span>
      <EventNames events={row.events} list={row.as === 'list'} onChange={(events) => onRow({ events })} />
      <WindowInput window={row.window} onChange={(window) => onRow({ window })} />
    </div>
  )
}
