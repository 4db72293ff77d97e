/** A group of conditions: all, any or none of them. Groups stand in groups. */

import { ActionIcon, Button, Group as Line, Menu, SegmentedControl, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'

import { Icon } from '@/parts/Icon'
import { type Group, type Mode, MODE_WORDS, newField, newGroup, type Rule, withMode } from '@/words/segments'

import { useRules } from './context'
import { RowBox } from './RowBox'
import classes from './rules.module.css'
import { SORTS } from './subjects'

const MODES: { value: Mode; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'any', label: 'Any' },
  { value: 'none', label: 'None' },
]

interface GroupProps {
  group: Group
  depth: number
  event: string | null // the event whose properties are compared; null: the customer
  onChange: (group: Group) => void
  onRemove?: () => void // of a group within a group
}

export function GroupBox({ group, depth, event, onChange, onRemove }: GroupProps) {
  const { problems, gaps } = useRules()
  const [fresh, setFresh] = useState<string | null>(null) // the rule just added
  const list = useRef<HTMLUListElement>(null)
  const adder = useRef<HTMLButtonElement>(null)
  const wrong = depth > 0 ? (problems.get(group.id) ?? []) : []
  const gap = gaps.get(group.id)

  // The menu gives the focus back to its button as it closes; a moment later it goes to the new row.
  useEffect(() => {
    if (fresh === null) return
    const timer = setTimeout(() => firstField(list.current, fresh)?.focus(), 40)
    return () => clearTimeout(timer)
  }, [fresh])

  const put = (place: number, rule: Rule) => onChange({ ...group, rules: group.rules.with(place, rule) })
  const add = (rule: Rule) => {
    setFresh(rule.id)
    onChange({ ...group, rules: [...group.rules, rule] })
  }
  const remove = (place: number) => {
    onChange({ ...group, rules: group.rules.filter((_, i) => i !== place) })
    adder.current?.focus() // what had the focus is gone
  }

  return (
    <div
      role="group"
      aria-label={`${depth === 0 ? 'Conditions' : event === null ? 'Group' : 'Where'}: ${MODE_WORDS[group.mode]}`}
      className={`${classes.group} ${depth > 0 ? classes.nested : ''}`}
      data-mode={group.mode}
      data-testid="rule-group"
    >
      <div className={classes.head}>
        <span>{depth === 0 ? 'Customers for whom' : event === null ? '' : 'where'}</span>
        <SegmentedControl
          size="xs"
          value={group.mode}
          onChange={(mode) => onChange(withMode(group, mode))}
          data={MODES}
          aria-label="How many of the conditions must hold"
        />
        <span>of these {group.mode === 'any' ? 'holds' : 'hold'}</span>
        {onRemove && (
          <ActionIcon size="sm" variant="subtle" color="gray" onClick={onRemove} aria-label="Remove this group with its conditions">
            <Icon name="cross" size={14} />
          </ActionIcon>
        )}
      </div>
      {group.rules.length > 0 && (
        <ul className={classes.rules} ref={list}>
          {group.rules.map((rule, place) => (
            <li key={rule.id} data-rule={rule.id}>
              {rule.kind === 'group' ? (
                <GroupBox group={rule} depth={depth + 1} event={event} onChange={(next) => put(place, next)} onRemove={() => remove(place)} />
              ) : (
                <RowBox
                  row={rule}
                  depth={depth}
                  event={event}
                  onChange={(next) => put(place, next)}
                  onRemove={() => remove(place)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {wrong.map((problem, place) => (
        <p key={place} className={`${classes.note} ${classes.bad}`} role="alert">{problem.message}</p>
      ))}
      {gap && <Text size="xs" c="dimmed">{gap}</Text>}
      <Adder ref={adder} event={event} depth={depth} onAdd={add} />
    </div>
  )
}

/** The field of a rule that one fills in first: the one marked so, or the first of all. */
function firstField(list: HTMLUListElement | null, id: string): HTMLElement | null {
  const rule = list?.querySelector(`:scope > [data-rule="${CSS.escape(id)}"]`)
  return rule?.querySelector<HTMLElement>('[data-first]') ?? rule?.querySelector<HTMLElement>('input, select, button') ?? null
}

interface AdderProps {
  ref: React.Ref<HTMLButtonElement>
  event: string | null
  depth: number
  onAdd: (rule: Rule) => void
}

const DEEPEST = 8 // groups in groups that the form offers; deeper ones are shown when a document has them

function Adder({ ref, event, depth, onAdd }: AdderProps) {
  return (
    <Line gap="xs">
      {event === null ? (
        <Menu position="bottom-start" shadow="md" width={320} withinPortal>
          <Menu.Target>
            <Button ref={ref} size="xs" variant="light" leftSection={<Icon name="plus" size={14} />} data-testid="add-condition">Add a condition</Button>
          </Menu.Target>
          <Menu.Dropdown style={{ maxHeight: 'min(28rem, 60vh)', overflow: 'auto' }}>
            {Object.entries(SORTS).map(([subject, { label, hint, icon, make }]) => (
              <Menu.Item key={subject} leftSection={<Icon name={icon} size={16} />} onClick={() => onAdd(make())} data-testid={`add-${subject}`}>
                {label}
                <Text size="xs" c="dimmed" inherit={false}>{hint}</Text>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : (
        <Button ref={ref} size="compact-xs" variant="subtle" leftSection={<Icon name="plus" size={12} />} onClick={() => onAdd(newField(''))} data-testid="add-property">
          Property
        </Button>
      )}
      {depth < DEEPEST && (
        <Button
          size={event === null ? 'xs' : 'compact-xs'}
          variant={event === null ? 'default' : 'subtle'}
          leftSection={<Icon name="group" size={14} />}
          onClick={() => onAdd(newGroup('any'))}
          data-testid="add-group"
        >
          {event === null ? 'Add a group' : 'Group'}
        </Button>
      )}
    </Line>
  )
}
