/** A length of time: an amount and its unit. One that is written otherwise (`P1DT2H`) stays a text. */

import { NativeSelect, NumberInput, TextInput } from '@mantine/core'

import { readSpan, type Unit, writeSpan } from '@/words/segments'

import classes from './rules.module.css'

const UNITS: { value: Unit; label: string }[] = [
  { value: 'm', label: 'minutes' },
  { value: 'h', label: 'hours' },
  { value: 'd', label: 'days' },
  { value: 'w', label: 'weeks' },
]

interface SpanProps {
  value: string
  label: string
  before?: string // stands in front: `from`
  after?: string // stands behind: `ago`
  onChange: (value: string) => void
}

export function SpanInput({ value, label, before, after, onChange }: SpanProps) {
  const span = value === '' ? { amount: null, unit: 'd' as Unit } : readSpan(value)
  if (!span) {
    return (
      <span className={classes.together}>
        {before}
        <TextInput className={classes.middle} value={value} onChange={(event) => onChange(event.currentTarget.value)} aria-label={label} />
        {after}
      </span>
    )
  }
  const units = span.unit === 's' ? [{ value: 's', label: 'seconds' }, ...UNITS] : UNITS
  return (
    <span className={classes.together}>
      {before}
      <NumberInput
        className={classes.narrow}
        hideControls
        min={0}
        value={span.amount ?? ''}
        onChange={(amount) => onChange(typeof amount === 'number' ? writeSpan({ amount, unit: span.unit }) : '')}
        aria-label={`${label}: how many`}
        data-testid="span-amount"
      />
      <NativeSelect
        value={span.unit}
        onChange={(event) => onChange(writeSpan({ amount: span.amount ?? 1, unit: event.currentTarget.value as Unit }))}
        data={units}
        aria-label={`${label}: unit`}
      />
      {after}
    </span>
  )
}
