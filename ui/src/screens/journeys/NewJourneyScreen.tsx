/** A new journey: from a blueprint, or from a small beginning. */

import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'

import { blueprintsQuery } from '@/api/queries'
import type { Blueprint } from '@/api/types'
import { AnchorLink, Back } from '@/parts/links'
import { PageHead, Panel } from '@/parts/Page'
import { Failure, LoadingRows } from '@/parts/States'
import { toYaml } from '@/words/yaml'
import { Text } from '@mantine/core'

import classes from '../campaigns/NewCampaignScreen.module.css'
import { JourneyEditor } from './JourneyEditor'

const BEGINNING = `kind: journey
name: my-journey
title: My journey
trigger: {event: user_signup}
steps:
  - name: welcome
    type: message
    channel: email
    content:
      subject: Welcome
      html: <p>Hello {{first_name}}</p>
`

export function NewJourneyScreen() {
  const { blueprint } = useSearch({ from: '/new-journey' })
  const { data, error, refetch } = useQuery(blueprintsQuery)
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={3} height={120} />
  const journeys = data.filter(isJourney)
  const chosen = journeys.find(({ name }) => name === blueprint)
  return (
    <>
      <PageHead
        title="New journey"
        lead="Begin with a blueprint or with a single step. Nothing is sent before you launch."
        before={<AnchorLink to="/journeys" size="sm" c="dimmed"><Back>Journeys</Back></AnchorLink>}
      />
      <ul className={classes.blueprints}>
        <Choice title="A single step" description="A message to whoever signs up; the rest is yours." current={chosen === undefined} />
        {journeys.map(({ name, title, description }) => (
          <Choice key={name} name={name} title={title} description={description} current={name === blueprint} />
        ))}
      </ul>
      {blueprint !== undefined && !chosen && (
        <Panel title="No such blueprint"><Text size="sm">There is no journey blueprint called {blueprint}.</Text></Panel>
      )}
      <JourneyEditor key={chosen?.name ?? ''} start={chosen ? toYaml(chosen.document) : BEGINNING} known={null} />
    </>
  )
}

function isJourney({ document }: Blueprint): boolean {
  return typeof document === 'string' ? /^kind:\s*journey\b/m.test(document) : (document as { kind?: unknown } | null)?.kind === 'journey'
}

function Choice({ name, title, description, current }: { name?: string; title: string; description: string; current: boolean }) {
  return (
    <li>
      <Link to="/new-journey" search={{ blueprint: name }} className={classes.blueprint} aria-current={current ? 'true' : undefined} data-testid="journey-blueprint" data-name={name ?? ''}>
        <Text fw={650} size="sm">{title}</Text>
        <Text size="xs" c="dimmed" lineClamp={3}>{description}</Text>
      </Link>
    </li>
  )
}
