/** One step in full: what it is set to, where it leads, who stands on it, and what became of its messages. */

import { Badge, Code, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { type JourneyEdge, type StepReport, stepQuery } from '@/api/journeys'
import { ChannelLabel, ChannelMark } from '@/parts/ChannelMark'
import { Icon } from '@/parts/Icon'
import { AnchorLink } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { Failure, LoadingRows } from '@/parts/States'
import { sentence } from '@/words/channels'
import { edgeLabel, type ShownNode } from '@/words/journeys/fold'
import { kindHue, kindIcon, kindName, leftAt, passedAt, stepTitle } from '@/words/journeys/kinds'
import { count, plural } from '@/words/numbers'
import { capital, reasonHint, reasonPhrase, verdictName } from '@/words/reasons'
import { toYaml } from '@/words/yaml'

import classes from './StepPane.module.css'

interface PaneProps {
  journey: string
  node: ShownNode
  edges: readonly JourneyEdge[]
  settings: unknown // as the document has them; null when it has no such step
  onSelect: (name: string) => void
}

export function StepPane({ journey, node, edges, settings, onSelect }: PaneProps) {
  const { data, error } = useQuery(stepQuery(journey, node.name))
  return (
    <div className={classes.pane}>
      <StepHead node={node} />
      <Counts node={node} />
      <Ways name={node.name} edges={edges} onSelect={onSelect} />
      {error && !data ? <Failure error={error} /> : null}
      {!data && !error ? <LoadingRows rows={2} height={28} /> : null}
      {data && <Messages report={data} />}
      {data && <People report={data} present={node.present} />}
      {settings !== null && (
        <Part title="Settings">
          <Code block tabIndex={0} className={classes.settings}>{toYaml(settings).trimEnd()}</Code>
        </Part>
      )}
    </div>
  )
}

export function StepHead({ node }: { node: ShownNode }) {
  return (
    <div className={classes.head}>
      {node.channel ? <ChannelMark channel={node.channel} size={36} /> : (
        <span className={classes.sign} style={{ '--hue': kindHue(node.kind) }}><Icon name={kindIcon(node.kind)} size={18} /></span>
      )}
      <div>
        <Text fw={650} data-testid="pane-step">{stepTitle(node.name)}</Text>
        <Text size="xs" c="dimmed">{kindName(node.kind)}</Text>
        <Text size="sm" mt={4}>{capital(node.summary)}</Text>
        {node.marks.map(({ text }) => <Text key={text} size="sm" c="dimmed">{capital(text)}</Text>)}
      </div>
    </div>
  )
}

export function Part({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className={classes.part} aria-label={title}>
      <h3>{title}</h3>
      {note !== undefined && <Text size="xs" c="dimmed">{note}</Text>}
      {children}
    </section>
  )
}

function Counts({ node }: { node: ShownNode }) {
  return (
    <Part title="People" note="Enrollments since the journey began">
      <dl className={classes.facts}>
        <Fact name="Here now" value={node.present} testid="present" />
        <Fact name="Came" value={node.entered} testid="entered" />
        <Fact name="Went on" value={passedAt(node)} testid="passed" />
        <Fact name="Left the journey here" value={leftAt(node)} testid="left" />
        {node.left.map(({ reason, count: number }) => <Fact key={reason} name={sentence(reason)} value={number} inner />)}
        {node.quarantined > 0 && <Fact name="Set aside, since the step broke" value={node.quarantined} bad />}
      </dl>
    </Part>
  )
}

function Fact({ name, value, inner, bad, testid }: { name: string; value: number; inner?: boolean; bad?: boolean; testid?: string }) {
  return (
    <div data-inner={inner} data-bad={bad}>
      <dt>{name}</dt>
      <dd className="numbers" data-testid={testid && `pane-${testid}`}>{count(value)}</dd>
    </div>
  )
}

export function Ways({ name, edges, onSelect }: { name: string; edges: readonly JourneyEdge[]; onSelect: (name: string) => void }) {
  const ways = edges.filter((edge) => edge.from === name)
  if (ways.length === 0) return null
  return (
    <Part title="Leads to">
      <ul className={classes.plain}>
        {ways.map((edge) => (
          <li key={`${edge.to}:${edge.label ?? ''}`}>
            {edgeLabel(edge) && <Badge color="gray" tt="none" mr={6}>{edgeLabel(edge)}</Badge>}
            <button type="button" className={classes.link} onClick={() => onSelect(edge.to)}>{stepTitle(edge.to)}</button>
          </li>
        ))}
      </ul>
    </Part>
  )
}

function Messages({ report }: { report: StepReport }) {
  if (report.messages.length === 0 && report.reasons.length === 0) return null
  return (
    <Part title="Messages" note="Of this step since the journey began">
      {report.messages.map((row) => (
        <div key={row.channel} className={classes.messages} data-testid="pane-messages">
          <ChannelLabel channel={row.channel} />
          <Text size="sm" className="numbers">
            {[`${count(row.sent)} sent`, `${count(row.opened)} opened`, `${count(row.clicked)} clicked`, `${count(row.converted)} converted`].join(' · ')}
            {row.failed > 0 && <Text span c="var(--bad)"> · {count(row.failed)} failed</Text>}
          </Text>
        </div>
      ))}
      {report.reasons.length > 0 && (
        <ul className={classes.plain}>
          {report.reasons.map((row) => (
            <li key={`${row.verdict}:${row.reason}:${row.channel ?? ''}`} data-testid="pane-reason">
              <Group gap={6} wrap="nowrap" align="flex-start">
                <Badge color={row.verdict === 'hold' ? 'saffron' : 'red'} tt="none" style={{ flex: 'none' }}>{verdictName(row.verdict)}</Badge>
                <Text size="sm">
                  {plural(row.count, 'time')}: {reasonPhrase({ code: row.reason, text: row.text })}
                  {reasonHint(row.reason) && <Text span size="xs" c="dimmed"> {reasonHint(row.reason)}</Text>}
                </Text>
              </Group>
            </li>
          ))}
        </ul>
      )}
    </Part>
  )
}

function People({ report: { people }, present }: { report: StepReport; present: number }) {
  if (people.length === 0) return null
  return (
    <Part title="Who is here" note={present > people.length ? `The latest ${people.length} of ${count(present)}` : undefined}>
      <ul className={classes.plain}>
        {people.map((one) => (
          <li key={one.enrollment} className={classes.person} data-testid="pane-person">
            <AnchorLink to="/customers/$reference" params={{ reference: one.customer }} size="sm">{one.customer}</AnchorLink>
            <Text size="xs" c="dimmed">
              <Moment at={one.since} />
              {one.until && <Moment at={one.until} prefix=", until " />}
              {' · '}
              <AnchorLink to="/customers/$reference/enrollments/$enrollment" params={{ reference: one.customer, enrollment: one.enrollment }} size="xs">
                the way
              </AnchorLink>
            </Text>
          </li>
        ))}
      </ul>
    </Part>
  )
}
