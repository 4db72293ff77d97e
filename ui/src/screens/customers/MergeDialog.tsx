/** Makes one customer of two: choose the other, say which stays, and read what will happen before it does. */

import { Button, Group, Modal, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { askMerge, findQuery } from '@/api/people'
import type { CustomerRow } from '@/api/types'
import { Icon } from '@/parts/Icon'
import { Failure } from '@/parts/States'
import { customerName } from '@/words/customers'

import classes from './MergeDialog.module.css'
import { Portrait } from './Portrait'

interface MergeDialogProps {
  customer: CustomerRow
  opened: boolean
  onClose: () => void
}

export function MergeDialog({ customer, opened, onClose }: MergeDialogProps) {
  const [other, setOther] = useState<CustomerRow | null>(null)
  return (
    <Modal opened={opened} onClose={onClose} size="lg" title={<Text fw={650}>Merge with another customer</Text>}>
      {other ? (
        <Decide customer={customer} other={other} back={() => setOther(null)} onClose={onClose} />
      ) : (
        <Choose not={customer.id} choose={setOther} />
      )}
    </Modal>
  )
}

function Choose({ not, choose }: { not: string; choose: (customer: CustomerRow) => void }) {
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), 250)
  const { data, error, isFetching } = useQuery(findQuery(q))
  const found = (data ?? []).filter((each) => each.id !== not)
  return (
    <Stack gap="sm">
      <TextInput
        label="Who else is this?"
        description="A name, an email, a phone number or a user id"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        leftSection={<Icon name="search" size={16} />}
        data-autofocus
        data-testid="merge-search"
      />
      {error ? <Failure error={error} /> : null}
      {q !== '' && !isFetching && found.length === 0 && !error && (
        <Text size="sm" c="dimmed">Nobody else is found for “{q}”.</Text>
      )}
      <ul className={classes.found} aria-label="Customers found">
        {found.map((each) => (
          <li key={each.id}>
            <UnstyledButton
              className={classes.choice}
              onClick={() => choose(each)}
              data-testid="merge-choice"
              data-external-id={each.external_id}
            >
              <Who customer={each} />
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </Stack>
  )
}

interface DecideProps {
  customer: CustomerRow
  other: CustomerRow
  back: () => void
  onClose: () => void
}

function Decide({ customer, other, back, onClose }: DecideProps) {
  const [swapped, setSwapped] = useState(false)
  const client = useQueryClient()
  const navigate = useNavigate()
  const [stays, goes] = swapped ? [other, customer] : [customer, other]
  const merge = useMutation({
    mutationFn: () => askMerge(stays.id, goes.id),
    onSuccess: async () => {
      onClose()
      notifications.show({ message: `${customerName(goes)} becomes part of ${customerName(stays)}.` })
      if (swapped) await navigate({ to: '/customers/$reference', params: { reference: stays.external_id } })
      await client.invalidateQueries({ queryKey: ['customers'] })
    },
  })
  return (
    <Stack>
      <div className={classes.pair}>
        <section aria-label="Goes" className={classes.side} data-testid="merge-goes">
          <Text size="xs" c="dimmed" fw={600} mb={8}>Becomes part of the other</Text>
          <Who customer={goes} />
        </section>
        <Icon name="next" size={20} />
        <section aria-label="Stays" className={classes.side} data-testid="merge-stays">
          <Text size="xs" c="dimmed" fw={600} mb={8}>Stays</Text>
          <Who customer={stays} />
        </section>
      </div>
      <Button size="xs" variant="subtle" onClick={() => setSwapped(!swapped)} data-testid="merge-swap">
        The other way round
      </Button>
      <Text size="sm" component="div">
        {customerName(stays)} gains all that is the other’s: identifiers, devices, tags, events, campaigns under way, and
        messages that wait. Where both say something, a named customer wins over an anonymous one, and what was written
        last over what is older. An unsubscribe of either is kept. The merge can be undone here for 30 days.
      </Text>
      {merge.error ? <Failure error={merge.error} /> : null}
      <Group justify="space-between" gap="xs">
        <Button variant="subtle" color="gray" onClick={back}>Choose another</Button>
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>Not now</Button>
          <Button
            loading={merge.isPending}
            onClick={() => merge.mutate()}
            data-autofocus
            data-testid="confirm-button"
          >
            Merge the two
          </Button>
        </Group>
      </Group>
    </Stack>
  )
}

function Who({ customer }: { customer: CustomerRow }) {
  const name = customerName(customer)
  const more = [customer.external_id, customer.email, customer.phone].filter((text) => text && text !== name)
  return (
    <span className={classes.who}>
      <Portrait name={name} />
      <span className={classes.words}>
        <Text component="span" size="sm" fw={600}>{name}</Text>
        {more.map((text) => <Text key={text} component="span" size="xs" c="dimmed">{text}</Text>)}
      </span>
    </span>
  )
}
