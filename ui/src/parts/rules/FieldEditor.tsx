/** A field compared with a value: of the profile, of an event, or a computed trait. */

import { Autocomplete, NativeSelect } from '@mantine/core'
import { useState } from 'react'

import {
  blank, type FieldRow, kindOf, type Operator, OPERATOR_WORDS, reshape, type ValueKind,
} from '@/words/segments'

import { kindOfKnown, suggestions, useFields, useRules } from './context'
import classes from './rules.module.css'
import { KindInput, ValueInput } from './ValueInput'

export interface FieldProps {
  row: FieldRow
  event: string | null // whose properties are compared; null: the profile
  onChange: (row: FieldRow) => void
}

/** One choice of the comparison list: an operator, perhaps negated; `known` and `unknown` are two sides of `$exists`. */
type Choice = Operator | '!$contains' | '!$startsWith' | 'known' | 'unknown' | 'other'

const TEXTS: Choice[] = ['$eq', '$ne', '$in', '$nin', '$contains', '!$contains', '$startsWith', 'known', 'unknown']
const CHOICES: Record<ValueKind, Choice[]> = {
  text: TEXTS,
  number: ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$between', '$in', '$nin', 'known', 'unknown'],
  truth: ['$eq', 'known', 'unknown'],
  moment: ['$gt', '$gte', '$lt', '$lte', '$between', '$eq', 'known', 'unknown'],
  ago: ['$gt', '$lt', '$between', 'known', 'unknown'],
  ahead: ['$gt', '$lt', '$between', 'known', 'unknown'],
}
const MOMENTS: Partial<Record<Choice, string>> = { $gt: 'is after', $gte: 'is not before', $lt: 'is before', $lte: 'is not after' }

function choiceOf(row: FieldRow): Choice {
  if (row.op === '$exists') return row.value === row.not ? 'unknown' : 'known'
  if (row.value === null && row.op === '$eq') return row.not ? 'known' : 'unknown'
  if (!row.not) return row.op
  return row.op === '$contains' || row.op === '$startsWith' ? `!${row.op}` : 'other'
}

function labelOf(choice: Choice, kind: ValueKind, row: FieldRow): string {
  if (choice === 'known') return 'is known'
  if (choice === 'unknown') return 'is not known'
  if (choice === 'other') return OPERATOR_WORDS[row.op][1]
  if (choice === '!$contains' || choice === '!$startsWith') return OPERATOR_WORDS[choice.slice(1) as Operator][1]
  const moment = kind === 'moment' || kind === 'ago' || kind === 'ahead' ? MOMENTS[choice] : undefined
  return moment ?? OPERATOR_WORDS[choice][0]
}

/** The row with another comparison, keeping of its value what the comparison can take. */
function choose(row: FieldRow, choice: Choice, kind: ValueKind): FieldRow {
  if (choice === 'other') return row
  if (choice === 'known' || choice === 'unknown') return { ...row, op: '$exists', not: false, bare: false, value: choice === 'known' }
  const not = choice.startsWith('!')
  const op = (not ? choice.slice(1) : choice) as Operator
  const value = row.op === '$exists' || row.value === null ? blank(kind) : row.value
  return { ...row, op, not, bare: op === '$eq' && !not, value: reshape(op, value, kind) }
}

export function FieldEditor({ row, event, onChange }: FieldProps) {
  const fields = useFields(event)
  const known = fields.find(({ name }) => name === row.field)
  return (
    <>
      <Autocomplete
        className={classes.wide}
        value={row.field}
        onChange={(field) => {
          const found = fields.find(({ name }) => name === field)
          const untouched = row.value === '' && row.op === '$eq'
          onChange({ ...row, field, ...(found && untouched ? { value: blank(kindOfKnown(found)) } : {}) })
        }}
        data={fields.map(({ name }) => name)}
        limit={50}
        placeholder={event === null ? 'country, plan, cart.total, …' : 'amount, sku, …'}
        aria-label={event === null ? 'Field' : 'Property'}
        data-first
        data-testid="field-input"
      />
      <Comparison row={row} kindHint={kindOfKnown(known)} examples={suggestions(known)} relative={event === null} onChange={onChange} />
    </>
  )
}

/** A computed trait, by its name alone. */
export function TraitEditor({ row, onChange }: Omit<FieldProps, 'event'>) {
  const { vocabulary } = useRules()
  return (
    <>
      <Autocomplete
        className={classes.wide}
        value={row.field.slice('traits.'.length)}
        onChange={(name) => onChange({ ...row, field: `traits.${name}` })}
        data={vocabulary.traits.map(({ name }) => name)}
        placeholder={vocabulary.traits.length === 0 ? 'none is computed yet: see Settings' : 'a trait'}
        aria-label="Trait"
        data-first
        data-testid="field-input"
      />
      <Comparison row={row} kindHint="number" examples={[]} onChange={onChange} />
    </>
  )
}

interface ComparisonProps {
  row: FieldRow
  kindHint: ValueKind
  examples: string[]
  relative?: boolean
  onChange: (row: FieldRow) => void
}

function Comparison({ row, kindHint, examples, relative, onChange }: ComparisonProps) {
  const empty = row.value === '' || row.op === '$exists' || row.value === null || (Array.isArray(row.value) && row.value.length === 0)
  // A blank value has no kind of its own: what was chosen last holds, or what the field usually is.
  const [chosen, setChosen] = useState<ValueKind | null>(null)
  const kind = empty ? (chosen ?? kindHint) : kindOf(row.value)
  const choice = choiceOf(row)
  const choices = [...new Set([...CHOICES[kind], choice])]
  const compares = choice !== 'known' && choice !== 'unknown'
  return (
    <>
      <NativeSelect
        className={classes.middle}
        value={choice}
        onChange={(event) => onChange(choose(row, event.currentTarget.value as Choice, kind))}
        data={choices.map((value) => ({ value, label: labelOf(value, kind, row) }))}
        aria-label="Comparison"
        data-testid="comparison"
      />
      {compares && (
        <>
          <KindInput
            kind={kind}
            op={row.op}
            relative={relative}
            onChange={(next, value) => {
              setChosen(next)
              const fits = CHOICES[next].includes(choice)
              const base = fits ? row : choose(row, CHOICES[next][0] ?? '$eq', next)
              onChange({ ...base, value: fits ? value : blank(next) })
            }}
          />
          <ValueInput op={row.op} kind={kind} value={row.value} examples={examples} onChange={(value) => onChange({ ...row, value })} />
        </>
      )}
    </>
  )
}
