/** Computed traits: one number, moment or value kept about each customer, out of the events that arrive. */

import { Badge, Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { post } from '@/api/client'
import { type TraitRow, traitsQuery } from '@/api/segments'
import { Confirm } from '@/parts/Confirm'
import { Icon } from '@/parts/Icon'
import { Moment } from '@/parts/Moment'
import { Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { capital } from '@/words/reasons'
import { readTrait, sayTrait } from '@/words/traits'

import classes from './settings.module.css'
import { TraitForm } from './TraitForm'

export function Traits() {
  const { data, error, refetch } = useQuery(traitsQuery)
  const [form, setForm] = useState<TraitRow | 'new' | null>(null)
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={3} height={56} />
  return (
    <Panel
      title="Computed traits"
      note="Kept up to date for each customer as events arrive; segments and templates name them as traits.name"
      aside={<Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setForm('new')} data-testid="new-trait-button">New trait</Button>}
    >
      {data.length === 0 ? (
        <Empty icon="overview" title="No trait is computed yet">
          Such as the sum of what a customer spent, the number of visits this month, or the category looked at most.
        </Empty>
      ) : (
        <ul className={classes.list}>
          {data.map((trait) => <Trait key={trait.name} trait={trait} onEdit={() => setForm(trait)} />)}
        </ul>
      )}
      {/* `key` gives a fresh form each time it opens */}
      <TraitForm key={form === null ? '' : form === 'new' ? 'new' : form.name} trait={form} onClose={() => setForm(null)} />
    </Panel>
  )
}

function Trait({ trait, onEdit }: { trait: TraitRow; onEdit: () => void }) {
  const draft = readTrait(trait.document)
  return (
    <li className={classes.row} data-testid="trait-row" data-name={trait.name}>
      <div className={classes.words}>
        <Group gap="xs">
          <Text fw={600} size="sm" span>{trait.title || trait.name}</Text>
          <Badge color={trait.ready ? 'verdigris' : 'saffron'} tt="none">{trait.ready ? 'Counted' : 'Counting what happened before'}</Badge>
        </Group>
        <Text size="xs" c="dimmed">
          <code>traits.{trait.name}</code> · {draft ? capital(sayTrait(draft)) : JSON.stringify(trait.document)}
          <Moment at={trait.updated_at} prefix=" · changed " />
        </Text>
      </div>
      <Group gap="xs">
        {draft && <Button size="xs" variant="default" onClick={onEdit} aria-label={`Edit ${trait.name}`}>Edit</Button>}
        <RemoveTrait trait={trait} />
      </Group>
    </li>
  )
}

function RemoveTrait({ trait }: { trait: TraitRow }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => post<{ traits: TraitRow[] }>(`/api/traits/${encodeURIComponent(trait.name)}/remove`, {}),
    onSuccess: async ({ traits }) => {
      setAsking(false)
      client.setQueryData(traitsQuery.queryKey, traits)
      notifications.show({ message: `“${trait.title || trait.name}” is no longer computed.` })
      await client.invalidateQueries({ queryKey: ['vocabulary'] })
    },
  })
  return (
    <>
      <Button
        size="xs"
        variant="subtle"
        color="gray"
        aria-label={`Remove ${trait.name}`}
        onClick={() => {
          remove.reset()
          setAsking(true)
        }}
      >
        Remove
      </Button>
      <Confirm
        opened={asking}
        title={`Stop computing “${trait.title || trait.name}”?`}
        action="Remove the trait"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      >
        The events stay; defined again, it is counted anew. A trait that a segment, a campaign or the lifecycle asks for
        cannot be removed.
      </Confirm>
    </>
  )
}
