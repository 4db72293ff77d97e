/** One customer: who they are, where they stand, what they allow, where they are under way, and all that happened. */

import { Badge, Box, Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { ApiError } from '@/api/client'
import { useCurrency } from '@/api/currency'
import { personQuery, type PersonView } from '@/api/people'
import { Icon } from '@/parts/Icon'
import { AnchorLink, Back } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { PageHead } from '@/parts/Page'
import { Stat, StatRow, StatSkeletons } from '@/parts/Stat'
import { Failure, LoadingRows, Lost } from '@/parts/States'
import { sentence } from '@/words/channels'
import { customerName } from '@/words/customers'
import { count, money, percent, share } from '@/words/numbers'

import { Consents } from './Consents'
import classes from './CustomerScreen.module.css'
import { Enrollments } from './Enrollments'
import { Identifiers } from './Identifiers'
import { Segments, Traits } from './Memberships'
import { MergeDialog } from './MergeDialog'
import { Merges } from './Merges'
import { Portrait } from './Portrait'
import { Profile } from './Profile'
import { Timeline } from './Timeline'

export function CustomerScreen() {
  const { reference } = useParams({ from: '/customers/$reference' })
  const { data, error, refetch } = useQuery(personQuery(reference))
  if (error instanceof ApiError && error.status === 404) return <Lost what="customer" />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  const name = data ? customerName(data) : reference
  return (
    <>
      <PageHead
        title={name}
        badge={data && <Badge color="gray" tt="none">{sentence(data.lifecycle_stage)}</Badge>}
        before={
          <AnchorLink to="/customers" size="sm" c="dimmed">
            <Back>Customers</Back>
          </AnchorLink>
        }
        lead={data && <Lead customer={data} />}
      >
        {data && <MergeButton customer={data} />}
        {data && <Box visibleFrom="sm"><Portrait name={name} size={48} /></Box>}
      </PageHead>
      {data ? <Body customer={data} reference={reference} /> : <><StatSkeletons number={4} /><LoadingRows /></>}
    </>
  )
}

function MergeButton({ customer }: { customer: PersonView }) {
  const [opened, setOpened] = useState(false)
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)} leftSection={<Icon name="merge" size={16} />} data-testid="merge-button">
        Merge
      </Button>
      {/* `key` gives a fresh form each time it opens */}
      <MergeDialog key={String(opened)} customer={customer} opened={opened} onClose={() => setOpened(false)} />
    </>
  )
}

function Lead({ customer }: { customer: PersonView }) {
  return (
    <Group gap="xs" component="span">
      <span>{customer.external_id}</span>
      {customer.created_at && <Moment at={customer.created_at} prefix="· customer since " />}
      {customer.last_interaction_at && <Moment at={customer.last_interaction_at} prefix="· last interaction " />}
    </Group>
  )
}

function Body({ customer, reference }: { customer: PersonView; reference: string }) {
  const currency = useCurrency()
  const { sent, opened, clicked, converted, revenue } = customer.summary
  const traits = customer.traits ?? {}
  return (
    <div className={classes.stack}>
      <StatRow number={4}>
        <Stat label="Messages sent" value={count(sent)} note="since the start, over all channels" color="var(--sent)" />
        <Stat label="Opened" value={count(opened)} rate={percent(share(opened, sent))} note="of sent" color="var(--opened)" />
        <Stat label="Clicked" value={count(clicked)} rate={percent(share(clicked, sent))} note="of sent" color="var(--clicked)" />
        <Stat label="Converted" value={count(converted)} note={`${money(revenue, currency)} revenue`} color="var(--converted)" />
      </StatRow>
      <div className={classes.pair}>
        <Timeline reference={reference} />
        <div className={classes.stack}>
          <Segments customer={customer} />
          {Object.keys(traits).length > 0 && <Traits traits={traits} />}
          <Enrollments customer={customer.external_id} enrollments={customer.enrollments} />
          <Identifiers customer={customer} />
          <Consents customer={customer} />
          <Profile customer={customer} />
          <Merges customer={customer} />
        </div>
      </div>
    </div>
  )
}
