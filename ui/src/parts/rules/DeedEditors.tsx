/** Rows over what a customer did: events of any name, and what became of our messages. */

import { Autocomplete, Button, Menu, MultiSelect, NativeSelect, TagsInput, Text } from '@mantine/core'

import { Icon } from '@/parts/Icon'
import { CHANNELS, channelName } from '@/words/channels'
import { plural } from '@/words/numbers'
import { capital } from '@/words/reasons'
import { type EventRow, type MessageRow, newField, newGroup, type Take, TAKE_WORDS, TAKES } from '@/words/segments'

import { useRules } from './context'
import { GroupBox } from './GroupBox'
import classes from './rules.module.css'
import { CountInput, newTake, TakeInputs } from './TakeInputs'
import { WindowInput } from './WindowInput'

interface EventProps {
  row: EventRow
  depth: number
  onChange: (row: EventRow) => void
}

export function EventEditor({ row, depth, onChange }: EventProps) {
  const event = row.events[0] ?? ''
  return (
    <>
      <div className={classes.line}>
        <NativeSelect
          value={row.did ? 'did' : 'did_not'}
          onChange={(event) => onChange({ ...row, did: event.currentTarget.value === 'did' })}
          data={[{ value: 'did', label: 'did' }, { value: 'did_not', label: 'did not do' }]}
          aria-label="Did or did not"
          data-testid="did-input"
        />
        <EventNames events={row.events} list={row.as === 'list'} onChange={(events) => onChange({ ...row, events })} />
        <CountInput tests={row.tests} onChange={(tests) => onChange({ ...row, tests })} />
        <WindowInput window={row.window} onChange={(window) => onChange({ ...row, window })} />
      </div>
      <TakeInputs
        tests={row.tests}
        event={event}
        of={row.of}
        onChange={(tests) => onChange({ ...row, tests })}
        onOf={(of) => onChange({ ...row, of })}
      />
      {row.where && (
        <div className={classes.part}>
          <GroupBox
            group={row.where}
            depth={depth + 1}
            event={event}
            onChange={(where) => onChange({ ...row, where })}
            onRemove={() => onChange({ ...row, where: null })}
          />
        </div>
      )}
      <div className={classes.line}>
        {!row.where && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Icon name="plus" size={12} />}
            onClick={() => onChange({ ...row, where: newGroup('all', [newField('')]) })}
            data-testid="add-where"
          >
            Where…
          </Button>
        )}
        <TakeAdder
          label="Sum, average, first…"
          takes={TAKES.filter((take) => take !== 'count')}
          onAdd={(take) => onChange({ ...row, tests: [...row.tests, newTake(take)] })}
        />
        {row.as !== 'list' && event !== '' && (
          <Button size="compact-xs" variant="subtle" leftSection={<Icon name="plus" size={12} />} onClick={() => onChange({ ...row, as: 'list' })}>
            Or another event
          </Button>
        )}
      </div>
    </>
  )
}

/** One event by its name, or any of several. */
export function EventNames({ events, list, onChange }: { events: string[]; list: boolean; onChange: (events: string[]) => void }) {
  const { vocabulary } = useRules()
  const names = vocabulary.events.map(({ name }) => name)
  const hint = names.length === 0 ? 'no event has arrived yet' : 'an event'
  const counts = new Map(vocabulary.events.map(({ name, count: times }) => [name, times]))
  if (list) {
    return (
      <TagsInput className={classes.wide} value={events.filter(Boolean)} onChange={onChange} data={names} placeholder={hint} aria-label="Events, any of them" data-first data-testid="event-input" />
    )
  }
  return (
    <Autocomplete
      className={classes.wide}
      value={events[0] ?? ''}
      onChange={(event) => onChange([event])}
      data={names}
      limit={50}
      renderOption={({ option }) => {
        const times = counts.get(option.value)
        return <span>{option.value} {typeof times === 'number' && <Text span size="xs" c="dimmed">{plural(times, 'time')} so far</Text>}</span>
      }}
      placeholder={hint}
      aria-label="Event"
      data-first
      data-testid="event-input"
    />
  )
}

function TakeAdder({ label, takes, onAdd }: { label: string; takes: readonly Take[]; onAdd: (take: Take) => void }) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="compact-xs" variant="subtle" leftSection={<Icon name="plus" size={12} />} data-testid="add-take">{label}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {takes.map((take) => (
          <Menu.Item key={take} onClick={() => onAdd(take)}>{capital(TAKE_WORDS[take])}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

const DEEDS: { value: string; label: string }[] = [
  { value: 'opened', label: 'opened' },
  { value: 'clicked', label: 'clicked' },
  { value: 'delivered', label: 'received' },
  { value: 'bounced', label: 'bounced on' },
  { value: 'unsubscribed', label: 'unsubscribed from' },
  { value: 'complained', label: 'complained about' },
]

interface MessageProps {
  row: MessageRow
  depth: number
  onChange: (row: MessageRow) => void
}

export function MessageEditor({ row, depth, onChange }: MessageProps) {
  return (
    <>
      <div className={classes.line}>
        <NativeSelect
          value={row.not ? 'not' : 'has'}
          onChange={(event) => onChange({ ...row, not: event.currentTarget.value === 'not' })}
          data={[{ value: 'has', label: 'has' }, { value: 'not', label: 'has not' }]}
          aria-label="Has or has not"
          data-first
          data-testid="did-input"
        />
        <MultiSelect
          className={classes.wide}
          value={row.did}
          onChange={(did) => onChange({ ...row, did })}
          data={DEEDS}
          aria-label="What became of messages, any of these"
          data-testid="deed-input"
        />
        <MultiSelect
          className={classes.wide}
          value={row.channels}
          onChange={(channels) => onChange({ ...row, channels })}
          data={[
            ...CHANNELS.map((value) => ({ value: value, label: channelName(value) })),
            ...row.channels.filter((value) => !(CHANNELS as readonly string[]).includes(value)),
          ]}
          placeholder={row.channels.length === 0 ? 'on any channel' : ''}
          aria-label="Channels; none is any"
          data-testid="channel-input"
        />
        <CountInput tests={row.tests} onChange={(tests) => onChange({ ...row, tests })} />
        <WindowInput window={row.window} onChange={(window) => onChange({ ...row, window })} />
      </div>
      <TakeInputs tests={row.tests} event="" of={null} onChange={(tests) => onChange({ ...row, tests })} onOf={() => undefined} />
      {row.where && (
        <div className={classes.part}>
          <GroupBox group={row.where} depth={depth + 1} event="" onChange={(where) => onChange({ ...row, where })} onRemove={() => onChange({ ...row, where: null })} />
        </div>
      )}
      <div className={classes.line}>
        <TakeAdder label="First or last time…" takes={['first', 'last']} onAdd={(take) => onChange({ ...row, tests: [...row.tests, newTake(take)] })} />
      </div>
    </>
  )
}
