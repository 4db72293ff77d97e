/**
 * A journey's document beside its canvas. The text is the truth: the canvas is drawn from it, and what is done on the
 * canvas changes the text. Nothing is applied before one says so.
 */

import { Button, Group, SegmentedControl, Text, Textarea } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo, useState } from 'react'
import { parse } from 'yaml'

import { drawDocument, type Drawing, type StepKind, stepTypesQuery } from '@/api/journeys'
import { judge } from '@/api/judge'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { LoadingRows } from '@/parts/States'
import { addStep, type DraftStep, problemStep, readSteps, removeStep, renameStep, setField, starter } from '@/words/journeys/document'
import { drawDraft } from '@/words/journeys/draft'
import { fold, ownerOf } from '@/words/journeys/fold'

import { AddStep } from './AddStep'
import { Canvas } from './Canvas'
import { EditorCheck } from './EditorCheck'
import classes from './Editor.module.css'
import { LookSwitch, useLook } from './LiveView'
import { StepForm } from './StepForm'
import { StepList } from './StepList'

const Simulator = lazy(async () => ({ default: (await import('./Simulator')).Simulator }))

interface EditorProps {
  start: string
  known: string | null // the name of the journey that is edited; null for a new one
}

type Beside = 'step' | 'document'

const WAIT = 400 // ms of rest before the server is asked

export function JourneyEditor({ start, known }: EditorProps) {
  const [text, setText] = useState(start)
  const [past, setPast] = useState<string[]>([])
  const [selected, setSelected] = useState<string | null>(null)
  const [beside, setBeside] = useState<Beside>(start === '' ? 'document' : 'step')
  const [simulated, setSimulated] = useState(false)
  const [settled] = useDebouncedValue(text, WAIT)
  const { look, setLook } = useLook()
  const { data: types = [] } = useQuery(stepTypesQuery)
  const check = useQuery({
    queryKey: ['documents', settled],
    queryFn: () => judge(settled),
    enabled: settled.trim() !== '',
    retry: false,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  })
  const fresh = settled === text && !check.isFetching
  const steps = useMemo(() => readSteps(text), [text])
  const drawing = useDrawing(settled, text, steps, types)
  const wrong = useMemo(
    () => new Set((check.data?.problems ?? []).map(({ path }) => problemStep(path, steps ?? [])).filter((name) => name !== null)),
    [check.data, steps],
  )
  const step = steps?.find(({ name }) => name === selected) ?? null

  /** What the canvas does can be undone; what is typed the text field undoes by itself. */
  function act(next: string): void {
    if (next === text) return
    setPast([...past.slice(-49), text])
    setText(next)
  }

  function select(name: string): void {
    setSelected(ownerOf(name))
    setBeside('step')
  }

  function add(word: string): void {
    const made = starter(steps ?? [], word)
    act(addStep(text, selected, made))
    select(made.name)
  }

  return (
    <div className={classes.whole}>
    <div className={classes.editor}>
      <Panel
        title="Steps"
        note={steps === null ? 'Drawn as soon as the document can be read' : 'Choose a step to change it'}
        flush
        aside={
          <Group gap="xs">
            <Button
              size="xs"
              variant="default"
              disabled={past.length === 0}
              onClick={() => {
                setText(past.at(-1) ?? text)
                setPast(past.slice(0, -1))
              }}
              data-testid="undo-button"
            >
              Undo
            </Button>
            <AddStep types={types} behind={step?.name ?? null} disabled={steps === null} onAdd={add} />
            <LookSwitch look={look} setLook={setLook} />
          </Group>
        }
      >
        {drawing === null ? (
          <Text size="sm" c="dimmed" p="md">There is nothing to draw yet: the document needs a list of steps.</Text>
        ) : look === 'canvas' ? (
          <Canvas drawing={drawing} selected={selected} onSelect={select} problems={wrong} label="The steps of the draft" />
        ) : (
          <StepList shown={fold(drawing)} selected={selected} onSelect={select} problems={wrong} trigger={drawing.trigger} />
        )}
      </Panel>
      <div className={classes.beside}>
        <Panel
          title={beside === 'step' ? 'The step' : 'Document'}
          note={beside === 'document' ? 'YAML or JSON. The same text serves motet apply.' : undefined}
          aside={
            <SegmentedControl
              size="xs"
              value={beside}
              onChange={(value) => setBeside(value)}
              data={[{ value: 'step', label: 'Step' }, { value: 'document', label: 'Document' }]}
              aria-label="What is edited"
              data-testid="editor-beside"
            />
          }
        >
          {beside === 'document' ? (
            <DocumentText text={text} onText={setText} />
          ) : (
            <StepForm
              key={step?.name ?? ''}
              step={step}
              steps={steps ?? []}
              types={types}
              problems={(check.data?.problems ?? []).filter(({ path }) => step !== null && problemStep(path, steps ?? []) === step.name)}
              onField={(field, value) => step && act(setField(text, step.name, field, value))}
              onRename={(name) => {
                if (!step) return
                act(renameStep(text, step.name, name))
                setSelected(name)
              }}
              onRemove={() => {
                if (!step) return
                act(removeStep(text, step.name))
                setSelected(null)
              }}
            />
          )}
        </Panel>
        <EditorCheck text={text} known={known} verdict={check.data} error={check.error} fresh={fresh} empty={text.trim() === ''} onSelect={select} steps={steps ?? []} />
      </div>
    </div>
    {drawing !== null && (simulated ? (
      <Suspense fallback={<LoadingRows rows={2} height={160} />}>
        <Simulator document={() => parse(text) as unknown} drawing={drawing} />
      </Suspense>
    ) : (
      <Button variant="default" leftSection={<Icon name="play" size={16} />} onClick={() => setSimulated(true)} style={{ alignSelf: 'flex-start' }} data-testid="simulate-draft">
        Simulate this draft
      </Button>
    ))}
    </div>
  )
}

/** The server's drawing of the document; while it cannot be compiled, one of our own with the words of its last. */
function useDrawing(settled: string, text: string, steps: readonly DraftStep[] | null, types: readonly StepKind[]): Drawing | null {
  const [last, setLast] = useState<Drawing | null>(null)
  const { data } = useQuery({
    queryKey: ['drawings', settled],
    queryFn: () => drawDocument(settled),
    enabled: settled.trim() !== '',
    retry: false,
    gcTime: 60_000,
  })
  const drawn = data?.drawing ?? null
  if (drawn !== null && drawn !== last) setLast(drawn)
  return useMemo(() => {
    if (drawn !== null && settled === text) return drawn
    return steps === null ? last : drawDraft(steps, types, last)
  }, [drawn, last, settled, text, steps, types])
}

function DocumentText({ text, onText }: { text: string; onText: (text: string) => void }) {
  return (
    <Textarea
      aria-label="Journey document"
      value={text}
      onChange={(event) => onText(event.currentTarget.value)}
      autosize
      minRows={16}
      maxRows={30}
      spellCheck={false}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.8125rem', lineHeight: 1.55 } }}
      data-testid="document-editor"
    />
  )
}
