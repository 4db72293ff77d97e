/** One entry of the timeline: an event, a message, or a decision with its reasons in words. */

import { Badge, Code, Text } from '@mantine/core'

import type { TimelineEntry } from '@/api/types'
import { ChannelMark } from '@/parts/ChannelMark'
import { Icon, type IconName } from '@/parts/Icon'
import { AnchorLink } from '@/parts/links'
import { channelName, sentence, titleOf } from '@/words/channels'
import { prettyJson } from '@/words/letters'
import { clockSeconds, full } from '@/words/moments'
import { because, verdictName } from '@/words/reasons'

import classes from './Timeline.module.css'

export function TimelineItem({ entry }: { entry: TimelineEntry }) {
  return (
    <li
      className={classes.entry}
      data-testid="timeline-entry"
      data-kind={entry.kind}
      data-title={entry.title}
      data-status={entry.status ?? undefined}
      data-channel={entry.channel ?? undefined}
    >
      <Sign entry={entry} />
      <div className={classes.words}>
        <div className={classes.title}>
          <span>{titleOf(entry.title)}</span>
          {entry.status && entry.kind !== 'event' && <State entry={entry} status={entry.status} />}
        </div>
        <Text size="sm" c="dimmed" data-testid="timeline-detail">
          <Detail entry={entry} />
        </Text>
        {entry.campaign && (
          <AnchorLink to="/campaigns/$name" params={{ name: entry.campaign }} size="xs">
            {entry.campaign_title ?? sentence(entry.campaign)}
          </AnchorLink>
        )}
        <Properties properties={entry.properties} />
      </div>
      <time className={`${classes.time ?? ''} numbers`} dateTime={entry.at} title={full(entry.at)}>
        {clockSeconds(entry.at)}
      </time>
    </li>
  )
}

const EVENTS: Record<string, IconName> = {
  view: 'eye', click: 'pointer', delivered: 'check', purchase: 'flag', unsubscribe: 'cross', bounced: 'warning', failed: 'warning', complaint: 'warning',
  page: 'eye', screen: 'eye', identify: 'customers', segment_entered: 'plus', segment_left: 'leave', lifecycle_changed: 'branch',
  customer_merged: 'merge',
}
const VERDICTS: Record<string, IconName> = { send: 'check', hold: 'pause', drop: 'cross' }

function Sign({ entry }: { entry: TimelineEntry }) {
  if (entry.kind === 'message') return <ChannelMark channel={entry.channel ?? 'email'} size={30} />
  if (entry.kind === 'decision') {
    const verdict = entry.status ?? ''
    return <span className={classes.sign} data-verdict={verdict}><Icon name={VERDICTS[verdict] ?? 'scale'} size={16} /></span>
  }
  return <span className={classes.sign}><Icon name={EVENTS[entry.status ?? entry.title.toLowerCase()] ?? 'bolt'} size={16} /></span>
}

const COLORS: Record<string, string> = {
  send: 'verdigris', hold: 'saffron', drop: 'red', approved: 'gray', sending: 'gray',
  accepted: 'verdigris', delivered: 'verdigris', opened: 'verdigris', clicked: 'violet', converted: 'saffron',
  rejected: 'red', bounced: 'red', dropped: 'red', unknown: 'saffron',
}

function State({ entry, status }: { entry: TimelineEntry; status: string }) {
  const word = entry.kind === 'decision' ? verdictName(status) : sentence(status)
  return (
    <>
      <Badge size="sm" color={COLORS[status] ?? 'gray'} tt="none">{word}</Badge>
      {entry.channel && <Text size="xs" c="dimmed" fw={400}>{channelName(entry.channel)}</Text>}
    </>
  )
}

/** The sentence that the entry brings, or else one made of its reasons. */
function Detail({ entry }: { entry: TimelineEntry }) {
  if (entry.detail) return entry.detail
  const reasons = because(entry.reasons)
  if (!reasons && !entry.until) return null
  return (
    <span>
      {reasons ? `${verdictName(entry.status ?? '')} ${reasons}` : ''}
      {entry.until ? `${reasons ? '; ' : ''}asked again ${full(entry.until)}` : ''}.
    </span>
  )
}

/** What the sender said about the event, for those who want to know. */
function Properties({ properties }: { properties: TimelineEntry['properties'] }) {
  if (!properties || Object.keys(properties).length === 0) return null
  return (
    <details className={classes.properties}>
      <summary>Details</summary>
      <Code block mt={4}>{prettyJson(properties)}</Code>
    </details>
  )
}
