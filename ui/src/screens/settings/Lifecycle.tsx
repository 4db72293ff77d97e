/** The lifecycle: rules that move customers from stage to stage. The first that holds wins. */

import { ActionIcon, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'

import { ApiError, post } from '@/api/client'
import { type AppliedDocument, lifecycleQuery, type LifecycleStage } from '@/api/segments'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { ProblemList } from '@/parts/ProblemList'
import { RuleBuilder } from '@/parts/rules/RuleBuilder'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { gapsIn, type Group as RuleGroup, newGroup, newId, placeProblems, readWhere, writeWhere } from '@/words/segments'

import classes from './settings.module.css'

interface Stage {
  id: string // on screen only
  stage: string
  when: RuleGroup
}

const SUGGESTED = (): Stage[] => [
  { id: newId(), stage: 'loyal', when: readWhere({ $did: { event: 'purchase', count: { $gte: 3 }, within: '180d' } }) },
  { id: newId(), stage: 'customer', when: readWhere({ $did: { event: 'purchase' } }) },
  { id: newId(), stage: 'prospect', when: readWhere({}) },
]

export function Lifecycle() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(lifecycleQuery)
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={3} height={90} />
  return <Form key={dataUpdatedAt} stages={data.stages} />
}

function Form({ stages: kept }: { stages: LifecycleStage[] }) {
  const [stages, setStages] = useState<Stage[]>(() => kept.map(({ stage, when }) => ({ id: newId(), stage, when: readWhere(when) })))
  const [touched, setTouched] = useState(false)
  const client = useQueryClient()
  const written = useMemo(() => stages.map(({ when }, place) => writeWhere(when, `stages[${place}].when`)), [stages])
  const save = useMutation({
    mutationFn: () =>
      post<AppliedDocument>('/api/segments', {
        kind: 'lifecycle',
        stages: stages.map(({ stage }, place) => ({ stage: stage.trim(), when: written[place]?.where ?? {} })),
      }),
    onSuccess: async () => {
      notifications.show({ message: 'The lifecycle is saved. Customers are moved as their rules are looked at.' })
      await client.invalidateQueries({ queryKey: ['lifecycle'] })
    },
  })
  const problems = save.error instanceof ApiError ? save.error.problems : []
  const placed = placeProblems(problems, written.flatMap(({ places }) => places), '')
  const change = (next: Stage[]) => {
    save.reset()
    setTouched(true)
    setStages(next)
  }
  const waiting = stages.some(({ stage, when }) => stage.trim() === '' || gapsIn(when).size > 0)
  return (
    <Panel
      title="Lifecycle"
      note="From top to bottom, the first stage whose rule holds is the customer’s. A change is an event, lifecycle_changed."
      aside={
        <Button size="xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => change([...stages, { id: newId(), stage: '', when: newGroup() }])} data-testid="add-stage">
          Add a stage
        </Button>
      }
    >
      {stages.length === 0 && (
        <Empty icon="flag" title="No rule moves customers yet" action={<Button variant="light" onClick={() => change(SUGGESTED())}>Begin with three stages</Button>}>
          Stages are then as the profiles say. With rules, Motet moves customers by itself, such as from prospect to customer
          with the first purchase.
        </Empty>
      )}
      {stages.map((stage, place) => (
        <StageBox
          key={stage.id}
          stage={stage}
          place={place}
          last={place === stages.length - 1}
          problems={placed.rows}
          onChange={(next) => change(stages.with(place, next))}
          onMove={(to) => change(moved(stages, place, to))}
          onRemove={() => change(stages.filter((_, i) => i !== place))}
        />
      ))}
      {(touched || save.error !== null) && (
        <Stack mt="md">
          {save.error && placed.rows.size + placed.rest.length === 0 ? <Failure error={save.error} /> : null}
          {placed.rest.length > 0 && <ProblemList problems={placed.rest} />}
          {waiting && <Text size="sm" c="dimmed">Every stage needs a name, and every condition its value.</Text>}
          <Group>
            <Button disabled={waiting || stages.length === 0} loading={save.isPending} onClick={() => save.mutate()} data-testid="save-lifecycle">Save the lifecycle</Button>
          </Group>
        </Stack>
      )}
    </Panel>
  )
}

function moved(stages: Stage[], from: number, to: number): Stage[] {
  const rest = stages.filter((_, i) => i !== from)
  return [...rest.slice(0, to), ...stages.slice(from, from + 1), ...rest.slice(to)]
}

interface StageProps {
  stage: Stage
  place: number
  last: boolean
  problems: ReturnType<typeof placeProblems>['rows']
  onChange: (stage: Stage) => void
  onMove: (to: number) => void
  onRemove: () => void
}

function StageBox({ stage, place, last, problems, onChange, onMove, onRemove }: StageProps) {
  const what = stage.stage || `stage ${place + 1}`
  const whole = problems.get(stage.when.id) ?? []
  return (
    <section className={classes.stage} aria-label={what} data-testid="stage-box">
      <div className={classes.stageHead}>
        <Text size="sm" c="dimmed" span>{place + 1}.</Text>
        <TextInput
          style={{ flex: '1 1 10rem' }}
          value={stage.stage}
          onChange={(event) => onChange({ ...stage, stage: event.currentTarget.value })}
          placeholder="the stage, such as customer"
          aria-label="Stage"
          data-testid="stage-name"
        />
        <Button size="compact-xs" variant="subtle" color="gray" disabled={place === 0} onClick={() => onMove(place - 1)} aria-label={`Move ${what} up`}>Up</Button>
        <Button size="compact-xs" variant="subtle" color="gray" disabled={last} onClick={() => onMove(place + 1)} aria-label={`Move ${what} down`}>Down</Button>
        <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={`Remove ${what}`}><Icon name="cross" size={14} /></ActionIcon>
      </div>
      <RuleBuilder group={stage.when} problems={problems} onChange={(when) => onChange({ ...stage, when })} />
      {whole.length > 0 && <ProblemList problems={whole} />}
      {stage.when.rules.length === 0 && <Text size="xs" c="dimmed" mt={6}>{last ? 'Everybody else.' : 'This holds for everybody: no stage below it is ever reached.'}</Text>}
    </section>
  )
}
