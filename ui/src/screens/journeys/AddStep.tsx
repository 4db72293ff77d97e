/** A menu of the kinds of steps; the one that is chosen is put behind the step that is looked at. */

import { Button, Menu } from '@mantine/core'

import type { StepKind } from '@/api/journeys'
import { Icon } from '@/parts/Icon'
import { kindIcon, stepTitle } from '@/words/journeys/kinds'

interface AddProps {
  types: readonly StepKind[]
  behind: string | null
  disabled: boolean
  onAdd: (word: string) => void
}

const GROUPS: { title: string; kinds: string[] }[] = [
  { title: 'Say', kinds: ['message'] },
  { title: 'Wait', kinds: ['delay', 'wait_until', 'wait_for_engagement', 'wait_for_event', 'wait_for_condition', 'digest'] },
  { title: 'Decide', kinds: ['branch', 'split'] },
  { title: 'Do', kinds: ['update_profile', 'action', 'emit_event', 'enter'] },
  { title: 'End', kinds: ['exit'] },
]

export function AddStep({ types, behind, disabled, onAdd }: AddProps) {
  const named = new Set(GROUPS.flatMap(({ kinds }) => kinds))
  const others = types.filter(({ kind }) => !named.has(kind)).map(({ kind }) => kind)
  const groups = others.length > 0 ? [...GROUPS, { title: 'More', kinds: others }] : GROUPS
  return (
    <Menu position="bottom-end" shadow="md" width={240} disabled={disabled}>
      <Menu.Target>
        <Button size="xs" variant="light" leftSection={<Icon name="plus" size={14} />} disabled={disabled} data-testid="add-step">
          {behind === null ? 'Add a step' : 'Add behind'}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
        {behind !== null && <Menu.Label>Behind “{stepTitle(behind)}”</Menu.Label>}
        {groups.map(({ title, kinds }) => (
          <div key={title}>
            <Menu.Label>{title}</Menu.Label>
            {types.filter(({ kind }) => kinds.includes(kind)).map(({ kind, word, label }) => (
              <Menu.Item key={kind} leftSection={<Icon name={kindIcon(kind)} size={16} />} onClick={() => onAdd(word)} data-testid={`add-${kind}`}>
                {label}
              </Menu.Item>
            ))}
          </div>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
