/** The filters of the customer list: a segment, and conditions as a segment has them, counted as one goes. */

import { Button, Drawer, Group, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { segmentsQuery } from '@/api/segments'
import { LiveCount } from '@/parts/rules/LiveCount'
import { RuleBuilder } from '@/parts/rules/RuleBuilder'
import { useRule } from '@/parts/rules/useRule'
import { readWhere, writeWhere } from '@/words/segments'

import type { CustomerSearch } from './CustomersScreen'

interface FiltersProps extends CustomerSearch {
  opened: boolean
  onClose: () => void
  onApply: (next: CustomerSearch) => void
}

export function CustomerFilters({ opened, onClose, ...form }: FiltersProps) {
  return (
    <Drawer opened={opened} onClose={onClose} position="right" size="xl" title={<Text fw={650}>Filter customers</Text>}>
      <Form {...form} />
    </Drawer>
  )
}

function Form({ segment, where, onApply }: CustomerSearch & { onApply: (next: CustomerSearch) => void }) {
  const [chosen, setChosen] = useState(segment ?? null)
  const [group, setGroup] = useState(() => readWhere(where))
  const asked = useRule(group)
  const segments = useQuery(segmentsQuery).data?.segments.filter(({ status }) => status === 'live') ?? []
  return (
    <Stack>
      <Select
        label="In the segment"
        placeholder={segments.length === 0 ? 'there is no live segment yet' : 'any'}
        value={chosen}
        onChange={setChosen}
        data={segments.map(({ name, title }) => ({ value: name, label: title || name }))}
        clearable
        searchable
        data-testid="segment-filter"
      />
      <RuleBuilder group={group} problems={asked.placed.rows} onChange={setGroup} />
      <div>
        <Text size="xs" c="dimmed" fw={550}>For whom these conditions hold{chosen === null ? '' : ', in that segment or not'}</Text>
        <LiveCount asked={asked} sample={false} />
      </div>
      <Group>
        <Button
          disabled={asked.waiting > 0 || asked.problems.length > 0}
          onClick={() =>
            onApply({
              segment: chosen ?? undefined,
              where: group.rules.length === 0 ? undefined : (writeWhere(group).where as object),
            })
          }
          data-testid="apply-filter"
        >
          Show them
        </Button>
      </Group>
    </Stack>
  )
}
