/** Rows over names from a list: tags, segments, lifecycle stages, topics, devices; and the place where one lives. */

import { Autocomplete, NativeSelect, NumberInput, Select, TagsInput } from '@mantine/core'

import { type FieldRow, type Operator, readPlace, reshape } from '@/words/segments'

import { useRules } from './context'
import type { FieldProps } from './FieldEditor'
import classes from './rules.module.css'

type ListProps = Omit<FieldProps, 'event'>

interface NamesProps extends ListProps {
  names: { value: string; label: string }[]
  words: Partial<Record<Operator, string>>
  what: string
  none: string // what stands in the field while there are no names
}

/** A name, or several, out of those that are known; one that is not known yet may be typed. */
function NamesEditor({ row, names, words, what, none, onChange }: NamesProps) {
  const several = row.op === '$in' || row.op === '$nin'
  const ops = [...new Set([...(Object.keys(words) as Operator[]), row.op])]
  const values = names.map(({ value }) => value)
  const hint = names.length === 0 ? none : what
  return (
    <>
      <NativeSelect
        className={classes.middle}
        value={row.op}
        onChange={(event) => {
          const op = event.currentTarget.value as Operator
          onChange({ ...row, op, bare: op === '$eq', value: reshape(op, row.value, 'text') })
        }}
        data={ops.map((value) => ({ value, label: words[value] ?? value }))}
        aria-label="Comparison"
        data-testid="comparison"
      />
      {several ? (
        <TagsInput
          className={classes.wide}
          value={Array.isArray(row.value) ? row.value.map(String) : []}
          onChange={(value) => onChange({ ...row, value })}
          data={values}
          placeholder={hint}
          aria-label={what}
          data-first
          data-testid="value-input"
        />
      ) : (
        <Autocomplete
          className={classes.wide}
          value={typeof row.value === 'string' ? row.value : ''}
          onChange={(value) => onChange({ ...row, value })}
          data={values}
          renderOption={({ option }) => names.find(({ value }) => value === option.value)?.label ?? option.value}
          placeholder={hint}
          aria-label={what}
          data-first
          data-testid="value-input"
        />
      )}
    </>
  )
}

function plain(names: readonly string[]): { value: string; label: string }[] {
  return names.map((value) => ({ value, label: value }))
}

export function TagEditor(props: ListProps) {
  const { vocabulary } = useRules()
  const words = { $eq: 'has', $ne: 'does not have', $in: 'has one of', $nin: 'has none of' }
  return <NamesEditor {...props} names={plain(vocabulary.tags)} words={words} what="Tag" none="nobody has a tag yet" />
}

export function SegmentEditor(props: ListProps) {
  const { vocabulary } = useRules()
  const names = vocabulary.segments.map(({ name, title }) => ({ value: name, label: title && title !== name ? `${title} (${name})` : name }))
  const words = { $eq: 'is in', $ne: 'is not in', $in: 'is in one of', $nin: 'is in none of' }
  return <NamesEditor {...props} names={names} words={words} what="Segment" none="there is no other segment yet" />
}

const STAGES = ['prospect', 'customer']

export function StageEditor(props: ListProps) {
  const { vocabulary } = useRules()
  const words = { $eq: 'is', $ne: 'is not', $in: 'is one of', $nin: 'is none of' }
  const stages = vocabulary.stages.length > 0 ? vocabulary.stages : STAGES
  return <NamesEditor {...props} names={plain(stages)} words={words} what="Stage" none="a stage" />
}

const PLATFORMS = [
  { value: 'fcm', label: 'Android (fcm)' },
  { value: 'apns', label: 'Apple (apns)' },
  { value: 'web', label: 'Web browser (web)' },
]

export function DeviceEditor(props: ListProps) {
  const words = { $eq: 'has one of', $ne: 'has none of' }
  const { row, onChange } = props
  if (!(row.op in words) || !PLATFORMS.some(({ value }) => value === row.value || row.value === '')) {
    return <NamesEditor {...props} names={PLATFORMS} words={{ ...words, $in: 'has any of', $nin: 'has none of these' }} what="Platform" none="a platform" />
  }
  return (
    <>
      <NativeSelect
        className={classes.middle}
        value={row.op}
        onChange={(event) => {
          const op = event.currentTarget.value as Operator
          onChange({ ...row, op, bare: op === '$eq' })
        }}
        data={[{ value: '$eq', label: 'has one on' }, { value: '$ne', label: 'has none on' }]}
        aria-label="Comparison"
      />
      <Select
        className={classes.wide}
        value={typeof row.value === 'string' && row.value !== '' ? row.value : null}
        onChange={(value) => onChange({ ...row, value: value ?? '' })}
        data={PLATFORMS}
        placeholder="a platform"
        aria-label="Platform"
        data-first
        data-testid="value-input"
      />
    </>
  )
}

export function TopicEditor({ row, onChange }: ListProps) {
  const { vocabulary } = useRules()
  return (
    <>
      <NativeSelect
        className={classes.middle}
        value={String(row.value === true)}
        onChange={(event) => onChange({ ...row, value: event.currentTarget.value === 'true' })}
        data={[{ value: 'true', label: 'subscribes to' }, { value: 'false', label: 'does not subscribe to' }]}
        aria-label="Comparison"
      />
      <Autocomplete
        className={classes.wide}
        value={row.field.slice('topics.'.length)}
        onChange={(name) => onChange({ ...row, field: `topics.${name}` })}
        data={vocabulary.topics}
        placeholder={vocabulary.topics.length === 0 ? 'nobody has a topic yet' : 'a topic'}
        aria-label="Topic"
        data-first
        data-testid="field-input"
      />
    </>
  )
}

export function PlaceEditor({ row, onChange }: ListProps) {
  const place = readPlace(row.value) ?? { lat: 0, lon: 0, km: 25 }
  const set = (part: Partial<typeof place>) => onChange({ ...row, value: { ...place, ...part } } satisfies FieldRow)
  const field = (name: keyof typeof place, label: string, least: number, most: number) => (
    <NumberInput
      className={classes.narrow}
      hideControls
      min={least}
      max={most}
      decimalScale={6}
      value={place[name]}
      onChange={(value) => typeof value === 'number' && set({ [name]: value })}
      aria-label={label}
      data-first={name === 'km' || undefined}
    />
  )
  return (
    <>
      <span>{row.not ? 'is not within' : 'is within'}</span>
      {field('km', 'Kilometres', 0, 20_040)}
      <span>km of latitude</span>
      {field('lat', 'Latitude', -90, 90)}
      <span>longitude</span>
      {field('lon', 'Longitude', -180, 180)}
    </>
  )
}
