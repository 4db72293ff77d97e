/** The editor of one segment: form and document are two views of the same draft, with the count beside them. */

import { Alert, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'

import { ApiError, post } from '@/api/client'
import type { AppliedDocument } from '@/api/segments'
import type { Problem } from '@/api/types'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { ProblemList } from '@/parts/ProblemList'
import { LiveCount } from '@/parts/rules/LiveCount'
import { RuleBuilder } from '@/parts/rules/RuleBuilder'
import { useRule } from '@/parts/rules/useRule'
import { Failure } from '@/parts/States'
import { clockSeconds } from '@/words/moments'
import { count, plural } from '@/words/numbers'
import { type Draft, NEW_DRAFT, othersIn, placeProblems, readDocument, writeDocument } from '@/words/segments'
import { toYaml } from '@/words/yaml'

import { About } from './About'
import { DocumentText } from './DocumentText'
import classes from './SegmentScreen.module.css'

type View = 'form' | 'document'

interface EditorProps {
  document: unknown
  known: string | null // the name of the segment that is edited; null: it is new
}

export function SegmentEditor({ document, known }: EditorProps) {
  const first = useMemo(() => readDocument(document), [document])
  const [draft, setDraft] = useState<Draft>(first ?? NEW_DRAFT())
  const [view, setView] = useState<View>(first ? 'form' : 'document')
  const [text, setText] = useState(() => (first ? '' : toYaml(document)))
  const [fit, setFit] = useState(first !== null) // whether the text is a document that the form can hold
  const asked = useRule(draft.where)
  const save = useSave(known)
  const refused = save.error instanceof ApiError ? save.error.problems : NONE
  // What saving refused is shown at the rows until the draft changes.
  const { rows, rest } = useMemo(() => {
    const { places } = writeDocument(draft)
    return placeProblems(refused, places, draft.where.id)
  }, [draft, refused])
  const problems = useMemo(() => new Map([...asked.placed.rows, ...rows]), [asked.placed.rows, rows])
  const change = (next: Draft) => {
    save.reset()
    setDraft(next)
  }

  function show(next: View): void {
    if (next === 'document') setText(toYaml(writeDocument(draft).document))
    setView(next)
  }

  const wrong = asked.problems.length > 0
  const ready = fit && draft.name !== '' && asked.waiting === 0 && !wrong
  return (
    <div className={classes.pair}>
      <Stack>
        {view === 'form' && <About draft={draft} known={known} problems={rest} onChange={change} />}
        <Panel
          title={view === 'form' ? 'The rule' : 'Document'}
          note={view === 'form' ? undefined : 'YAML or JSON; what stands here is what is kept'}
          aside={
            <SegmentedControl
              size="xs"
              value={view}
              onChange={show}
              disabled={!fit}
              data={[{ value: 'form', label: 'Form' }, { value: 'document', label: 'Document' }]}
              aria-label="Form or document"
              data-testid="view-toggle"
            />
          }
        >
          {view === 'form' ? (
            <Stack>
              <Kept draft={draft} />
              <RuleBuilder group={draft.where} problems={problems} onChange={(where) => change({ ...draft, where })} />
            </Stack>
          ) : (
            <DocumentText
              text={text}
              known={known}
              onText={setText}
              onDraft={(next) => {
                setFit(next !== null)
                if (next) change(next)
              }}
            />
          )}
        </Panel>
      </Stack>
      <div className={classes.side}>
        <Panel title="Who matches now" testid="count-panel">
          <LiveCount asked={asked} rows={view === 'form'} />
        </Panel>
        <p className={classes.afloat} aria-hidden="true">
          {asked.preview ? (
            <>
              <b className="numbers">{count(asked.preview.count)}</b> of {plural(asked.preview.total, 'customer')}
              {asked.counting || asked.waiting > 0 ? ' before the last change' : `, as of ${clockSeconds(asked.preview.as_of)}`}
            </>
          ) : wrong ? 'It cannot be counted: see the marked condition' : 'Not counted yet'}
        </p>
        <Panel title="Save">
          <Stack>
            <Refusal error={save.error} listed={view === 'form' ? rest : refused} marked={view === 'form' ? rows.size : 0} />
            {draft.name === '' && <Text size="sm" c="dimmed">It needs a title or a name.</Text>}
            <Group>
              <Button disabled={!ready} loading={save.isPending} onClick={() => save.mutate(draft)} data-testid="save-button">
                {known === null ? 'Save the segment' : 'Save the new rule'}
              </Button>
            </Group>
            <Text size="xs" c="dimmed">It is built at once, over every customer and everything that happened, and kept up to date from then on.</Text>
          </Stack>
        </Panel>
      </div>
    </div>
  )
}

const NONE: Problem[] = []

function useSave(known: string | null) {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (draft: Draft) => post<AppliedDocument>('/api/segments', writeDocument(draft).document),
    onSuccess: async ({ name, action }) => {
      await client.invalidateQueries({ queryKey: ['segments'] })
      await client.invalidateQueries({ queryKey: ['vocabulary'] })
      const done = action === 'unchanged' ? 'was so already' : known === null ? 'is saved and being built' : 'has a new rule, which is being built'
      notifications.show({ message: `“${name}” ${done}.` })
      await navigate({ to: '/segments/$name', params: { name } })
    },
  })
}

/** Says what the form does not show and keeps. */
function Kept({ draft }: { draft: Draft }) {
  const fields = Object.keys(draft.rest)
  const others = othersIn(draft.where).length
  if (fields.length + others === 0) return null
  return (
    <Alert color="gray" icon={<Icon name="eye" />} data-testid="kept-note">
      {others > 0 && <Text size="sm">{plural(others, 'condition is', 'conditions are')} shown as written, for want of a form.</Text>}
      {fields.length > 0 && <Text size="sm">The document also holds {fields.join(', ')}; that is kept, and shown in the document only.</Text>}
    </Alert>
  )
}

/** What saving was refused for, unless it stands at a row already. */
function Refusal({ error, listed, marked }: { error: unknown; listed: Problem[]; marked: number }) {
  if (!error) return null
  if (listed.length === 0 && marked === 0) return <Failure error={error} />
  return (
    <Alert color="red" icon={<Icon name="warning" />} title="It was not saved" role="alert" data-testid="save-refused">
      {marked > 0 && <Text size="sm">See the marked {marked === 1 ? 'condition' : 'conditions'}.</Text>}
      {listed.length > 0 && <ProblemList problems={listed} />}
    </Alert>
  )
}
