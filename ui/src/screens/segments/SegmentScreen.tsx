/** One segment: who is in it, its rule in words, and how far its build has come. */

import { Code, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'

import { ApiError } from '@/api/client'
import { overviewQuery } from '@/api/queries'
import { segmentQuery, type SegmentView } from '@/api/segments'
import { Copy } from '@/parts/Copy'
import { Icon } from '@/parts/Icon'
import { AnchorLink, Back, ButtonLink } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { PageHead, Panel } from '@/parts/Page'
import { RuleWords } from '@/parts/rules/RuleWords'
import { SomeCustomers } from '@/parts/rules/SomeCustomers'
import { Stat, StatRow, StatSkeletons } from '@/parts/Stat'
import { Failure, LoadingRows, Lost } from '@/parts/States'
import { count, NO_RATE, percent, plural, share } from '@/words/numbers'
import { readDocument, writeDocument } from '@/words/segments'
import { toYaml } from '@/words/yaml'

import { ArchiveButton } from './ArchiveButton'
import { BuildProgress } from './BuildProgress'
import { SegmentBadge } from './SegmentBadge'
import classes from './SegmentScreen.module.css'

export function SegmentScreen() {
  const { name } = useParams({ from: '/segments/$name' })
  const { data, error, refetch, dataUpdatedAt } = useQuery(segmentQuery(name))
  if (error instanceof ApiError && error.status === 404) return <Lost what="segment" />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  return (
    <>
      <PageHead
        title={data ? data.title || data.name : name}
        badge={data && <SegmentBadge segment={data} />}
        before={<AnchorLink to="/segments" size="sm" c="dimmed"><Back>Segments</Back></AnchorLink>}
        lead={data && <>{data.name} <Moment at={data.updated_at} prefix="· changed " /></>}
      >
        {data && <Actions segment={data} />}
      </PageHead>
      {data ? <Body segment={data} at={new Date(dataUpdatedAt).toISOString()} /> : <><StatSkeletons number={4} /><LoadingRows rows={4} height={80} /></>}
    </>
  )
}

function Actions({ segment }: { segment: SegmentView }) {
  if (segment.status === 'archived') {
    return <ButtonLink variant="default" to="/new-segment" search={{ edit: segment.name }} leftSection={<Icon name="edit" size={16} />}>Use it again</ButtonLink>
  }
  return (
    <Group gap="xs">
      {segment.status === 'live' && (
        <ButtonLink variant="light" to="/customers" search={{ segment: segment.name }} leftSection={<Icon name="customers" size={16} />} data-testid="members-link">
          Show its customers
        </ButtonLink>
      )}
      <ButtonLink variant="default" to="/new-segment" search={{ edit: segment.name }} leftSection={<Icon name="edit" size={16} />} data-testid="edit-button">
        Edit
      </ButtonLink>
      <ArchiveButton segment={segment} />
    </Group>
  )
}

function Body({ segment, at }: { segment: SegmentView; at: string }) {
  const customers = useQuery({ ...overviewQuery, select: (overview) => overview.customers }).data
  const { members, sample } = segment
  const rate = members === null || customers === undefined ? NO_RATE : percent(share(members, customers))
  const draft = readDocument(segment.document)
  const text = toYaml(draft ? writeDocument(draft).document : segment.document)
  return (
    <div className={classes.stack}>
      {segment.progress && (
        <Panel
          title={segment.status === 'live' ? 'The new rule is being built' : 'The segment is being built'}
          note={
            segment.status === 'live'
              ? 'Until it is ready, membership follows the rule before it. Nobody is told twice: entering and leaving are not announced by a build.'
              : 'Every customer is looked over once, with everything that ever happened. Then it is exact, and stays so.'
          }
        >
          <BuildProgress progress={segment.progress} />
        </Panel>
      )}
      <StatRow number={4}>
        <Stat
          label="Members"
          value={members === null ? NO_RATE : count(members)}
          note={members === null ? (segment.status === 'archived' ? 'not kept since it was archived' : 'known when the build is done') : <Moment at={at} />}
          color="var(--good)"
          testid="members-stat"
        />
        <Stat label="Share" value={rate} note={customers === undefined ? 'of all customers' : `of ${plural(customers, 'customer')}, now`} color="var(--opened)" />
        <Stat label="Used by" value={count(segment.used_by.length)} note={segment.used_by.length === 1 ? 'campaign' : 'campaigns'} color="var(--clicked)" />
        <Stat label="Kept up to date" value={segment.status === 'live' ? 'Yes' : 'No'} note={segment.status === 'live' ? 'as events arrive, and as time passes' : segment.status === 'archived' ? 'archived' : 'once it is built'} color="var(--converted)" />
      </StatRow>
      <div className={classes.pair}>
        <div className={classes.stack}>
          <Panel title="The rule" note={segment.description || undefined}><RuleWords where={segment.where} /></Panel>
          <Panel
            title="Document"
            note="The same text serves motet apply."
            aside={<Copy value={text} />}
          >
            <Code block tabIndex={0} style={{ maxHeight: 480, overflow: 'auto' }}>{text}</Code>
          </Panel>
        </div>
        <div className={classes.stack}>
          <Panel title="Some of its customers" note={sampleNote(segment)} testid="sample-panel">
            {sample.length > 0 ? <SomeCustomers customers={sample} /> : <Text size="sm" c="dimmed">{segment.status === 'archived' ? 'An archived segment has no members.' : 'Nobody matches the rule now.'}</Text>}
          </Panel>
          <Panel title="Campaigns that use it">
            {segment.used_by.length === 0 ? (
              <Text size="sm" c="dimmed">None so far. Name it in a campaign’s target segments, or as its trigger.</Text>
            ) : (
              <ul className={classes.plain}>
                {segment.used_by.map((campaign) => (
                  <li key={campaign}><AnchorLink to="/campaigns/$name" params={{ name: campaign }} size="sm">{campaign}</AnchorLink></li>
                ))}
              </ul>
            )}
          </Panel>
        </div>
      </div>
    </div>
  )
}

function sampleNote({ status, members, sample }: SegmentView): string {
  if (status === 'building') return 'Who matches the rule now, counted from the log'
  if (members !== null && members > sample.length) return `${count(sample.length)} of ${count(members)}`
  return 'All of them'
}
