/** One customer's way through a campaign or journey: what was said and what was not, where they stand, how it ended. */

import { Badge, Code, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'

import { ApiError } from '@/api/client'
import { type EnrollmentPath, type PathEntry, pathQuery } from '@/api/journeys'
import { ChannelMark } from '@/parts/ChannelMark'
import { Icon, type IconName } from '@/parts/Icon'
import { AnchorLink, Back } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { PageHead, Panel } from '@/parts/Page'
import { Failure, LoadingRows, Lost } from '@/parts/States'
import { sentence } from '@/words/channels'
import { stepTitle } from '@/words/journeys/kinds'
import { sayKept } from '@/words/journeys/paths'
import { full } from '@/words/moments'
import { plural } from '@/words/numbers'
import { because, capital } from '@/words/reasons'
import { toYaml } from '@/words/yaml'

import customer from '../customers/CustomerScreen.module.css'
import timeline from '../customers/Timeline.module.css'

const COLORS: Record<EnrollmentPath['status'], string> = { active: 'verdigris', completed: 'gray', exited: 'gray', quarantined: 'red' }

export function PathScreen() {
  const { reference, enrollment } = useParams({ from: '/customers/$reference/enrollments/$enrollment' })
  const { data, error, refetch } = useQuery(pathQuery(reference, enrollment))
  if (error instanceof ApiError && error.status === 404) return <Lost what="enrollment" />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={5} height={60} />
  return (
    <>
      <PageHead
        title={`${data.customer} in ${data.title || data.name}`}
        badge={<Badge color={COLORS[data.status]} tt="none">{sentence(data.status)}</Badge>}
        before={
          <AnchorLink to="/customers/$reference" params={{ reference: data.customer }} size="sm" c="dimmed"><Back>{data.customer}</Back></AnchorLink>
        }
        lead={<><Moment at={data.entered_at} prefix="Entered " />, {plural(data.visited, 'step')} visited since</>}
      />
      <div className={customer.pair}>
        <Panel title="The way" note="What is kept of it: entry, messages and refusals with their times, and where it stands">
          <ol className={timeline.list} data-testid="path">
            {data.entries.map((entry, place) => <Entry key={place} entry={entry} />)}
          </ol>
        </Panel>
        <div className={customer.stack}>
          <Standing path={data} />
          <KeptPanel path={data} />
        </div>
      </div>
    </>
  )
}

const SIGNS: Record<PathEntry['kind'], { icon: IconName; verdict?: string }> = {
  entered: { icon: 'bolt', verdict: 'send' },
  message: { icon: 'check', verdict: 'send' },
  held: { icon: 'pause', verdict: 'hold' },
  dropped: { icon: 'cross', verdict: 'drop' },
  standing: { icon: 'clock' },
  ended: { icon: 'flag' },
}

function Entry({ entry }: { entry: PathEntry }) {
  const { icon, verdict } = SIGNS[entry.kind]
  const why = entry.kind === 'held' || entry.kind === 'dropped' ? '' : because(entry.reasons)
  return (
    <li className={timeline.entry} data-testid="path-entry" data-kind={entry.kind} data-step={entry.step}>
      {entry.kind === 'message' && entry.channel ? <ChannelMark channel={entry.channel} size={30} /> : (
        <span className={timeline.sign} data-verdict={verdict}><Icon name={icon} size={16} /></span>
      )}
      <div className={timeline.words}>
        <Text size="sm" fw={600}>
          {entry.title}{entry.step ? `: ${stepTitle(entry.step)}` : ''}
        </Text>
        {entry.detail && <Text size="sm" c="dimmed">{capital(entry.detail.replaceAll('_', ' '))}</Text>}
        {why && <Text size="xs" c="dimmed">{capital(why)}.</Text>}
        {entry.kind === 'standing' && entry.until && <Text size="sm" c="dimmed">Until {full(entry.until)}</Text>}
      </div>
      <Text size="xs" c="dimmed"><Moment at={entry.at} /></Text>
    </li>
  )
}

function Standing({ path }: { path: EnrollmentPath }) {
  return (
    <Panel title="Enrollment">
      <dl className={customer.facts}>
        <div>
          <dt>{path.program_kind === 'journey' ? 'Journey' : 'Campaign'}</dt>
          <dd>
            <AnchorLink to={path.program_kind === 'journey' ? '/journeys/$name' : '/campaigns/$name'} params={{ name: path.name }} size="sm">
              {path.title}
            </AnchorLink>
          </dd>
        </div>
        <div><dt>Entered</dt><dd>{full(path.entered_at)}</dd></div>
        {path.reached_at && <div><dt>Reached the goal</dt><dd>{full(path.reached_at)}</dd></div>}
        {path.status === 'active' ? (
          <>
            <div><dt>At the step</dt><dd data-testid="path-step">{stepTitle(path.step)}</dd></div>
            <div><dt>Since</dt><dd>{full(path.arrived_at)}</dd></div>
            {path.due_at && <div><dt>Looked at again</dt><dd>{full(path.due_at)}</dd></div>}
          </>
        ) : (
          <>
            <div><dt>Ended</dt><dd>{full(path.ended_at)}</dd></div>
            <div><dt>Because</dt><dd data-testid="path-reason">{sentence(path.exit_reason ?? path.status)}</dd></div>
          </>
        )}
      </dl>
    </Panel>
  )
}

function KeptPanel({ path }: { path: EnrollmentPath }) {
  const begun = Object.keys(path.context).length > 0
  if (path.kept.length === 0 && !begun) return null
  return (
    <Panel title="What it keeps" note="What the steps learned, and what the event that began it said">
      {path.kept.length > 0 && (
        <ul className={customer.plain}>
          {path.kept.map((kept) => (
            <li key={`${kept.kind}:${kept.name}`} className={customer.row} data-testid="path-kept" data-kind={kept.kind}>
              <Text size="sm">{sayKept(kept)}</Text>
            </li>
          ))}
        </ul>
      )}
      {begun && <Code block mt="sm" tabIndex={0} style={{ maxHeight: 260, overflow: 'auto' }}>{toYaml(path.context).trimEnd()}</Code>}
    </Panel>
  )
}
