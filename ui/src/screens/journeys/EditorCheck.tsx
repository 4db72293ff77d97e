/** What is wrong with the draft; or, when nothing is, what applying it would do to those under way. */

import { Alert, Button, Code, Group, List, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { postDocument } from '@/api/client'
import type { Verdict } from '@/api/judge'
import type { Applied, PlanStep, Problem } from '@/api/types'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { Failure } from '@/parts/States'
import { type DraftStep, problemStep } from '@/words/journeys/document'
import { ownerOf } from '@/words/journeys/fold'
import { stepTitle } from '@/words/journeys/kinds'
import { count, plural } from '@/words/numbers'

import classes from './Editor.module.css'

interface CheckProps {
  text: string
  known: string | null
  verdict: Verdict | undefined
  error: unknown
  fresh: boolean
  empty: boolean
  steps: readonly DraftStep[]
  onSelect: (name: string) => void
}

export function EditorCheck({ text, known, verdict, error, fresh, empty, steps, onSelect }: CheckProps) {
  const [planned, setPlanned] = useState<string | null>(null) // the text whose plan is looked at
  const client = useQueryClient()
  const navigate = useNavigate()
  const save = useMutation({
    mutationFn: () => postDocument<Applied>('/api/campaigns', text),
    onSuccess: async ({ name, changed, revision }) => {
      setPlanned(null)
      await client.invalidateQueries({ queryKey: ['campaigns'] })
      await client.invalidateQueries({ queryKey: ['documents'] })
      notifications.show({ message: changed ? `“${name}” is saved as revision ${revision ?? ''}.` : `“${name}” was so already.` })
      if (name !== known) await navigate({ to: '/journeys/$name', params: { name } })
    },
  })
  const plan = fresh ? verdict?.plan : undefined
  const shown = planned === text ? plan : undefined
  return (
    <Panel title="Check and apply" testid="editor-check">
      <Stack gap="sm">
        {empty ? <Text size="sm" c="dimmed">Write a document, or add steps; problems are listed here as you go.</Text> : null}
        {!empty && !fresh && <Text size="sm" c="dimmed" role="status">Checking…</Text>}
        {error && fresh ? <Failure error={error} /> : null}
        {fresh && verdict && verdict.problems.length > 0 && <Problems problems={verdict.problems} steps={steps} onSelect={onSelect} />}
        {plan && (
          <Alert icon={<Icon name="check" />} title={plan.action === 'unchanged' ? 'This is what runs already' : 'Nothing is wrong with it'} data-testid="check-good">
            {shown ? <Plan plan={shown} /> : plan.action !== 'unchanged' && <Text size="sm">Look at the plan before you apply it.</Text>}
          </Alert>
        )}
        {known !== null && plan && plan.name !== known && (
          <Text size="sm" c="var(--achieved)">The name is another one: applying makes a new journey called <Code>{plan.name}</Code>.</Text>
        )}
        {save.error ? <Failure error={save.error} /> : null}
        <Group gap="xs">
          <Button variant="default" disabled={!plan || plan.action === 'unchanged'} onClick={() => setPlanned(text)} data-testid="plan-button">Plan</Button>
          <Button disabled={!shown} loading={save.isPending} onClick={() => save.mutate()} data-testid="apply-button">Apply</Button>
        </Group>
      </Stack>
    </Panel>
  )
}

function Problems({ problems, steps, onSelect }: { problems: Problem[]; steps: readonly DraftStep[]; onSelect: (name: string) => void }) {
  return (
    <Alert color="red" icon={<Icon name="warning" />} title={plural(problems.length, 'problem')} data-testid="check-bad">
      <List size="sm" spacing="xs" listStyleType="none" data-testid="problems">
        {problems.map((problem, place) => {
          const step = problemStep(problem.path, steps)
          return (
            <List.Item key={`${problem.code}:${place}`}>
              {step !== null ? (
                <Button size="compact-xs" variant="light" color="red" mr={6} onClick={() => onSelect(step)}>{stepTitle(step)}</Button>
              ) : problem.path ? <Code mr={6}>{problem.path}</Code> : null}
              {problem.message}
              {problem.fix ? <Text size="sm" c="dimmed">Fix: {problem.fix}</Text> : null}
            </List.Item>
          )
        })}
      </List>
    </Alert>
  )
}

function Plan({ plan }: { plan: Applied }) {
  if (plan.action === 'create') return <Text size="sm" data-testid="plan">Applying makes the draft <Code>{plan.name}</Code>; nobody enters before you launch it.</Text>
  return (
    <div data-testid="plan">
      <Text size="sm">Applying makes a new revision. {plural(plan.changes?.length ?? 0, 'place')} in the document changed:</Text>
      <List size="xs" my={6}>
        {(plan.changes ?? []).slice(0, 8).map((path) => <List.Item key={path}><Code>{path}</Code></List.Item>)}
      </List>
      <Moves plan={plan} />
    </div>
  )
}

/** Who moves, who stays and who leaves, by the step that they stand on. */
function Moves({ plan }: { plan: Applied }) {
  const rows = (plan.steps ?? []).filter(({ people }) => people > 0)
  if (rows.length === 0) return <Text size="sm" data-testid="plan-moves">Nobody stands in it now, so nobody is moved.</Text>
  const total = (action: PlanStep['action']) => rows.filter((row) => row.action === action).reduce((sum, { people }) => sum + people, 0)
  return (
    <>
      <Text size="sm" fw={600} mb={4} data-testid="plan-moves">
        {count(total('moves'))} move, {count(total('stays'))} stay in their revision, {count(total('leaves'))} leave
      </Text>
      <table className={classes.moves}>
        <thead>
          <tr><th scope="col">They stand on</th><th scope="col">What becomes of them</th><th scope="col">People</th></tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.revision}:${row.step}`}>
              <th scope="row">{stepTitle(ownerOf(row.step))}, revision {row.revision}</th>
              <th>{fateOf(row)}</th>
              <td className="numbers">{count(row.people)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

function fateOf({ action, to }: PlanStep): string {
  if (action === 'leaves') return 'Leave the journey'
  return action === 'moves' && to !== null ? `Move to ${stepTitle(ownerOf(to))}` : 'Stay in their revision'
}
