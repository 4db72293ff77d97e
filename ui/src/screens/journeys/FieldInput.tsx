/** One field of a step's form, by its kind. A field that is empty is not in the document. */

import { MultiSelect, NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core'

import type { FormField } from '@/api/journeys'
import { CHANNELS, channelName, sentence } from '@/words/channels'
import type { DraftStep } from '@/words/journeys/document'
import { stepTitle } from '@/words/journeys/kinds'

import { ContentInput } from './ContentInput'
import { PathsInput } from './PathsInput'
import { YamlInput } from './YamlInput'

interface InputProps {
  field: FormField
  value: unknown
  steps: readonly DraftStep[] // the others
  channel: string | null // of a message
  onChange: (value: unknown) => void
}

const SAYING = new Set(['message', 'multi_channel_message'])
const NEXT = '' // the step that follows

export function FieldInput({ field, value, steps, channel, onChange }: InputProps) {
  const given = { label: field.label, 'data-testid': `field-${field.name}` }
  const choices = (field.choices ?? []).map((word) => ({ value: word, label: sentence(word) }))
  const optional = (next: string | null) => onChange(next === null || next === '' ? undefined : next)
  switch (field.kind) {
    case 'switch':
      return <Switch {...given} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked || undefined)} />
    case 'number':
      return <NumberInput {...given} value={typeof value === 'number' ? value : ''} onChange={(next) => onChange(next === '' ? undefined : Number(next))} />
    case 'choice':
      return <Select {...given} clearable value={text(value) || null} data={choices} onChange={optional} />
    case 'choices':
    case 'weekdays':
      return <MultiSelect {...given} clearable value={texts(value)} data={choices} onChange={(next) => onChange(next.length > 0 ? next : undefined)} />
    case 'channel':
      return <Select {...given} clearable value={text(value) || null} data={CHANNELS.map((word) => ({ value: word, label: channelName(word) }))} onChange={optional} />
    case 'step':
      return <StepSelect {...given} value={text(value)} steps={steps} onChange={optional} />
    case 'steps':
      return (
        <MultiSelect
          {...given}
          clearable
          placeholder={texts(value).length === 0 ? 'Any' : undefined}
          value={texts(value)}
          data={named(steps.filter(({ word }) => SAYING.has(word)), texts(value))}
          onChange={(next) => onChange(next.length > 0 ? next : undefined)}
        />
      )
    case 'names':
      return <TagsInput {...given} value={texts(value)} onChange={(next) => onChange(next.length > 0 ? next : undefined)} />
    case 'content':
      return <ContentInput label={field.label} value={value} channel={channel} onChange={onChange} />
    case 'paths':
    case 'shares':
      return <PathsInput label={field.label} shares={field.kind === 'shares'} value={value} steps={steps} onChange={onChange} />
    case 'filter':
    case 'properties':
    case 'attributes':
    case 'topics':
      return <YamlInput {...given} description={field.kind === 'filter' ? 'A condition as YAML, such as plan: pro' : 'YAML, such as plan: pro'} value={value} onChange={onChange} />
    default:
      return (
        <TextInput
          {...given}
          value={text(value)}
          description={HINTS[field.kind]}
          onChange={(event) => optional(event.currentTarget.value)}
        />
      )
  }
}

const HINTS: Record<string, string> = {
  duration: 'Such as 30m, 2h, 3d',
  moment: 'Such as 2026-12-24T09:00:00Z',
  time: 'Such as 09:00, where the customer is',
  event: 'The name of an event',
  program: 'The name of a campaign or journey',
}

interface SelectProps {
  label: string
  value: string
  steps: readonly DraftStep[]
  onChange: (value: string) => void
  'data-testid'?: string
}

export function StepSelect({ value, steps, onChange, ...given }: SelectProps) {
  return (
    <Select
      {...given}
      value={value}
      data={[{ value: NEXT, label: 'The next step' }, ...named(steps, [value, 'exit'])]}
      allowDeselect={false}
      searchable
      onChange={(next) => onChange(next ?? NEXT)}
    />
  )
}

/** The steps as options, and with them what is chosen though there is no such step. */
function named(steps: readonly DraftStep[], chosen: readonly string[]) {
  const names = [...new Set([...steps.map(({ name }) => name), ...chosen])].filter((name) => name !== NEXT)
  return names.map((name) => ({ value: name, label: stepTitle(name) }))
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(text).filter(Boolean)
  return text(value) ? [text(value)] : []
}
