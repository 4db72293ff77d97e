/** The journey as it runs: the canvas or a list, the step that is looked at, and which revision. */

import { Group, SegmentedControl, Select } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useState } from 'react'

import { graphQuery, type JourneyGraph } from '@/api/journeys'
import type { CampaignView } from '@/api/types'
import { Panel } from '@/parts/Page'
import { Failure, LoadingRows } from '@/parts/States'
import { fold, type ShownNode } from '@/words/journeys/fold'
import { leftAt, passedAt } from '@/words/journeys/kinds'
import { readSettings } from '@/words/journeys/settings'
import { count, plural, shortCount } from '@/words/numbers'

import { Launches } from '../campaigns/Launches'
import { Canvas } from './Canvas'
import { JourneyAbout } from './JourneyAbout'
import classes from './JourneyScreen.module.css'
import { Side } from './Side'
import { StepList } from './StepList'
import type { Figures } from './StepNode'
import { StepPane } from './StepPane'

export type Look = 'canvas' | 'list'

/** A canvas where there is room for one; a list on a phone, and for whoever likes it better. */
export function useLook(): { look: Look; setLook: (look: Look) => void } {
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  const [chosen, setLook] = useState<Look | null>(null)
  return { look: chosen ?? (narrow ? 'list' : 'canvas'), setLook }
}

export function LookSwitch({ look, setLook }: { look: Look; setLook: (look: Look) => void }) {
  return (
    <SegmentedControl
      size="xs"
      value={look}
      onChange={(value) => setLook(value)}
      data={[{ value: 'canvas', label: 'Canvas' }, { value: 'list', label: 'List' }]}
      aria-label="How the steps are shown"
      data-testid="look"
    />
  )
}

export function liveFigures(node: ShownNode): Figures {
  const { present, entered } = node
  const left = leftAt(node)
  const ends = node.kind === 'exit'
  return {
    main: ends ? `${shortCount(left)} came here` : `${shortCount(present)} here now`,
    rest: ends ? [] : [`${shortCount(entered)} came`, `${shortCount(passedAt(node))} went on`, ...(left > 0 ? [`${shortCount(left)} left`] : [])],
    bad: node.quarantined > 0 ? `${shortCount(node.quarantined)} broke` : undefined,
    marked: present > 0,
  }
}

export function LiveView({ journey }: { journey: CampaignView }) {
  const [revision, setRevision] = useState<number>()
  const { data, error, refetch } = useQuery({ ...graphQuery(journey.name, revision), placeholderData: keepPreviousData })
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={2} height={240} />
  return <Drawn journey={journey} graph={data} revision={revision} setRevision={setRevision} />
}

interface DrawnProps {
  journey: CampaignView
  graph: JourneyGraph
  revision: number | undefined
  setRevision: (revision: number | undefined) => void
}

function Drawn({ journey, graph, revision, setRevision }: DrawnProps) {
  const { step } = useSearch({ from: '/journeys/$name' })
  const navigate = useNavigate({ from: '/journeys/$name' })
  const { look, setLook } = useLook()
  const select = useCallback(
    (name: string | null) => void navigate({ search: (before) => ({ ...before, step: name ?? undefined }), replace: true, resetScroll: false }),
    [navigate],
  )
  const shown = fold(graph)
  const node = shown.nodes.find(({ name }) => name === step) ?? null
  return (
    <div className={classes.stack}>
      <div className={classes.beside} data-open={node !== null || undefined}>
        <Panel
          title="The way of a customer"
          note={noteOf(graph)}
          flush
          aside={
            <Group gap="xs">
              {graph.revisions.length > 1 && (
                <Select
                  size="xs"
                  w={210}
                  value={revision === undefined ? 'all' : String(revision)}
                  onChange={(value) => setRevision(value === null || value === 'all' ? undefined : Number(value))}
                  data={[{ value: 'all', label: 'All revisions' }, ...graph.revisions.map(optionOf)]}
                  allowDeselect={false}
                  aria-label="Which revision"
                  data-testid="revision-select"
                />
              )}
              <LookSwitch look={look} setLook={setLook} />
            </Group>
          }
        >
          {look === 'canvas' ? (
            <Canvas drawing={graph} selected={step ?? null} onSelect={select} figures={liveFigures} label={`The steps of ${graph.title}`} />
          ) : (
            <StepList shown={shown} selected={step ?? null} onSelect={select} figures={liveFigures} trigger={graph.trigger} />
          )}
        </Panel>
        {node && (
          <Side title="The step" onClose={() => select(null)}>
            <StepPane journey={journey.name} node={node} edges={shown.edges} settings={readSettings(journey.document, node.name)} onSelect={select} />
          </Side>
        )}
      </div>
      <div className={classes.halves}>
        <JourneyAbout journey={journey} graph={graph} />
        <Launches launches={journey.launches} />
      </div>
    </div>
  )
}

function noteOf(graph: JourneyGraph): string {
  const older = graph.revisions.filter(({ current, present }) => !current && present > 0).reduce((sum, { present }) => sum + present, 0)
  if (graph.chosen) return `Enrollments in revision ${graph.revision}: who came, who is there now, who went on or left`
  if (older > 0) return `Enrollments of all revisions since the start; ${count(older)} still in older revisions, counted by step name`
  return 'Enrollments since the start: who came, who is there now, who went on or left'
}

function optionOf({ number, present, current }: JourneyGraph['revisions'][number]) {
  return { value: String(number), label: `Revision ${number}${current ? ', the present one' : ''}: ${plural(present, 'person', 'people')}` }
}
