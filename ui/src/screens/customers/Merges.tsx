/** The customers that became part of this one, each with the way back. */

import { Badge, Button, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { type Merge, type PersonView, undoMerge } from '@/api/people'
import { Confirm } from '@/parts/Confirm'
import { Moment } from '@/parts/Moment'
import { Panel } from '@/parts/Page'
import { customerName } from '@/words/customers'
import { nameGone, sayCause, stateOfMerge } from '@/words/people'

import classes from './CustomerScreen.module.css'

export function Merges({ customer }: { customer: PersonView }) {
  const [chosen, setChosen] = useState<Merge | null>(null)
  const client = useQueryClient()
  const undo = useMutation({
    mutationFn: (merge: Merge) => undoMerge(merge.id),
    onSuccess: async (_, merge) => {
      setChosen(null)
      notifications.show({ message: `${nameGone(merge)} is a customer of their own again.` })
      await client.invalidateQueries({ queryKey: ['customers'] })
    },
  })
  const merges = customer.merges ?? []
  return (
    <Panel title="Merges" note="Customers who turned out to be this one" testid="merges">
      {merges.length === 0 ? (
        <Text size="sm" c="dimmed">None.</Text>
      ) : (
        <ul className={classes.plain}>
          {merges.map((merge) => (
            <MergeRow
              key={merge.id}
              merge={merge}
              onUndo={() => {
                undo.reset()
                setChosen(merge)
              }}
            />
          ))}
        </ul>
      )}
      <Confirm
        opened={chosen !== null}
        title="Undo this merge?"
        action="Undo the merge"
        busy={undo.isPending}
        error={undo.error}
        onConfirm={() => {
          if (chosen) undo.mutate(chosen)
        }}
        onClose={() => setChosen(null)}
      >
        {chosen && <WhatUndoDoes merge={chosen} name={customerName(customer)} />}
      </Confirm>
    </Panel>
  )
}

function WhatUndoDoes({ merge, name }: { merge: Merge; name: string }) {
  return (
    <>
      <strong>{nameGone(merge)}</strong> becomes a customer of their own again, with the identifiers, profile, campaigns
      and messages of before. What happened since the merge stays with {name}.
    </>
  )
}

function MergeRow({ merge, onUndo }: { merge: Merge; onUndo: () => void }) {
  const { word, color } = stateOfMerge(merge.status)
  return (
    <li className={classes.row} data-testid="merge-row" data-status={merge.status} data-customer={merge.external_id}>
      <div style={{ minWidth: 0 }}>
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>{nameGone(merge)}</Text>
        <Text size="xs" c="dimmed">
          <Moment at={merge.at} />, {sayCause(merge.cause)}
        </Text>
        {merge.reason && <Text size="xs" c="dimmed">{merge.reason}</Text>}
      </div>
      <span className={classes.deeds}>
        <Badge color={color} tt="none">{word}</Badge>
        {merge.undoable && (
          <Button size="compact-xs" variant="default" onClick={onUndo} data-testid="undo-button">Undo</Button>
        )}
      </span>
    </li>
  )
}
