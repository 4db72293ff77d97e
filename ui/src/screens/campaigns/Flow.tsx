/** The steps as one vertical line: the voices of the campaign in the order they come in. */

import { Text } from '@mantine/core'

import type { CampaignView, StepView } from '@/api/types'
import { ChannelMark } from '@/parts/ChannelMark'
import { Icon, type IconName } from '@/parts/Icon'
import { channelName, sentence, spoken } from '@/words/channels'
import { sayFilter } from '@/words/filters'
import { plainText } from '@/words/letters'
import { count } from '@/words/numbers'
import { capital } from '@/words/reasons'

import classes from './Flow.module.css'

export function Flow({ campaign }: { campaign: CampaignView }) {
  return (
    <ol className={classes.flow} data-testid="flow">
      <li className={classes.step}>
        <span className={classes.knot}><Icon name={campaign.kind === 'broadcast' ? 'customers' : 'bolt'} size={16} /></span>
        <div className={classes.line}>
          <Text fw={600} size="sm">{spoken(campaign.trigger)}</Text>
          <Text size="xs" c="dimmed">
            {campaign.segments.length > 0 ? `Customers in ${campaign.segments.join(' or ')}` : 'All customers'}
            {' · '}
            {count(campaign.enrolled)} enrolled
          </Text>
        </div>
      </li>
      {campaign.steps.map((step) =>
        step.kind === 'message' ? <MessageStep key={step.index} step={step} /> : <QuietStep key={step.index} step={step} />,
      )}
    </ol>
  )
}

const KNOTS: Record<string, IconName> = { delay: 'clock', wait_until: 'clock', exit: 'flag', branch: 'branch' }

/** A step that says nothing: a wait, or the end. */
function QuietStep({ step }: { step: StepView }) {
  return (
    <li className={classes.step} data-testid="step" data-kind={step.kind} data-name={step.name}>
      <span className={classes.knot}><Icon name={KNOTS[step.kind] ?? 'next'} size={16} /></span>
      <div className={classes.line}>
        <Text size="sm" fw={550}>{capital(step.summary)}</Text>
        {step.kind === 'exit' ? (
          <Text size="xs" c="dimmed" className="numbers">{count(step.entered)} reached the end</Text>
        ) : (
          <Text size="xs" c="dimmed" className="numbers">
            <b className={step.present > 0 ? classes.present : undefined}>{count(step.present)} waiting here</b>
            {` · ${count(step.entered)} came · ${count(step.departed)} went on`}
          </Text>
        )}
      </div>
    </li>
  )
}

function MessageStep({ step }: { step: StepView }) {
  const condition = sayFilter(step.conditions)
  const channel = step.channel ?? 'email'
  return (
    <li className={classes.step} data-testid="step" data-kind="message" data-name={step.name}>
      <span className={classes.voice}><ChannelMark channel={channel} size={34} /></span>
      <article className={classes.card} aria-label={`${channelName(channel)}: ${sentence(step.name)}`}>
        <header className={classes.cardHead}>
          <Text fw={650} size="sm">{sentence(step.name)}</Text>
          <Text size="xs" c="dimmed">
            {channelName(channel)}
            {step.fallback ? `, or ${channelName(step.fallback)} when that cannot serve` : ''}
          </Text>
        </header>
        {condition && (
          <p className={classes.condition}>
            <Icon name="branch" size={14} /> Only if {condition}
          </p>
        )}
        <Preview step={step} />
        <dl className={classes.counts}>
          <Count name="came" value={step.entered} />
          <Count name="here now" value={step.present} marked={step.present > 0} />
          <Count name="went on" value={step.departed} />
        </dl>
      </article>
    </li>
  )
}

/** The content before it is filled in for a customer, so its braces are shown as they are. */
function Preview({ step: { preview, summary } }: { step: StepView }) {
  const title = plainText(preview?.title ?? '')
  const body = plainText(preview?.body ?? '')
  if (!title && !body) return <Text size="sm" c="dimmed" px="md" py="xs">{summary}</Text>
  return (
    <div className={classes.preview}>
      {title && <Text size="sm" fw={600}>{title}</Text>}
      {body && <Text size="sm" c="dimmed" lineClamp={3}>{body}</Text>}
    </div>
  )
}

function Count({ name, value, marked = false }: { name: string; value: number; marked?: boolean }) {
  return (
    <div>
      <dd className={`numbers ${marked ? (classes.present ?? '') : ''}`}>{count(value)}</dd>
      <dt>{name}</dt>
    </div>
  )
}
