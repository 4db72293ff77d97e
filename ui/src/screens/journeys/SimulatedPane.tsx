/** One step as the simulation saw it: who comes, who leaves and why, and what its messages would meet. */

import { Badge, Text } from '@mantine/core'

import type { JourneyEdge } from '@/api/journeys'
import type { Count, SimulationReport } from '@/api/simulations'
import { ChannelLabel } from '@/parts/ChannelMark'
import { sentence } from '@/words/channels'
import type { ShownNode } from '@/words/journeys/fold'
import { count, plural } from '@/words/numbers'

import { sumOf } from './simulated'
import { Part, StepHead, Ways } from './StepPane'
import classes from './StepPane.module.css'

interface PaneProps {
  node: ShownNode
  report: SimulationReport
  edges: readonly JourneyEdge[]
  onSelect: (name: string) => void
}

export function SimulatedPane({ node, report, edges, onSelect }: PaneProps) {
  const sum = sumOf(node, report)
  return (
    <div className={classes.pane}>
      <StepHead node={node} />
      {sum ? (
        <Part title="People" note={`Enrollments in ${report.days} simulated days`}>
          <dl className={classes.facts}>
            <Fact name="Come" value={sum.entered} />
            <Fact name="Wait here at the end" value={sum.waiting} />
            <Fact name="Go on" value={sum.passed} />
            <Fact name="Leave the journey here" value={sum.left} />
            {sum.exits.map((exit) => <Fact key={exit.word} name={nameOf(exit)} value={exit.count} inner />)}
          </dl>
        </Part>
      ) : <Text size="sm" c="dimmed">The simulated document has no such step.</Text>}
      <Ways name={node.name} edges={edges} onSelect={onSelect} />
      {sum && <Messages sent={sum.sent} held={sum.held} dropped={sum.dropped} />}
    </div>
  )
}

function Fact({ name, value, inner }: { name: string; value: number; inner?: boolean }) {
  return <div data-inner={inner}><dt>{name}</dt><dd className="numbers">{count(value)}</dd></div>
}

function Messages({ sent, held, dropped }: { sent: Record<string, number>; held: Count[]; dropped: Count[] }) {
  if (Object.keys(sent).length + held.length + dropped.length === 0) return null
  return (
    <Part title="Messages">
      {Object.entries(sent).map(([channel, number]) => (
        <div key={channel} className={classes.messages}>
          <ChannelLabel channel={channel} />
          <Text size="sm" className="numbers">{count(number)} sent</Text>
        </div>
      ))}
      <ul className={classes.plain}>
        {[...held.map((reason) => ({ reason, verdict: 'Held' })), ...dropped.map((reason) => ({ reason, verdict: 'Dropped' }))].map(({ reason, verdict }) => (
          <li key={`${verdict}:${reason.word}`}>
            <Badge color={verdict === 'Held' ? 'saffron' : 'red'} tt="none" mr={6}>{verdict}</Badge>
            {plural(reason.count, 'time')}: {nameOf(reason)}
          </li>
        ))}
      </ul>
    </Part>
  )
}

function nameOf({ word, text }: Count): string {
  return text !== undefined && text !== '' ? text : sentence(word)
}
