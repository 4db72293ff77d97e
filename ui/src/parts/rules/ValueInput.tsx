/** The field for what is compared with: a text, a number, true or false, a date, a moment counted from now, or several. */

import { Autocomplete, NativeSelect, NumberInput, TagsInput, TextInput } from '@mantine/core'

import { blank, type Operator, readRelative, type ValueKind } from '@/words/segments'

import classes from './rules.module.css'
import { SpanInput } from './SpanInput'

interface ValueInputProps {
  op: Operator
  kind: ValueKind
  value: unknown
  examples?: string[]
  label?: string
  onChange: (value: unknown) => void
}

export function ValueInput({ op, kind, value, examples = [], label = 'Value', onChange }: ValueInputProps) {
  if (op === '$exists' || value === null) return null
  if (op === '$in' || op === '$nin') {
    return <SeveralInput kind={kind} values={Array.isArray(value) ? value : []} examples={examples} label={label} onChange={onChange} />
  }
  if (op === '$between' && Array.isArray(value)) {
    const [low, high] = value as [unknown, unknown]
    return (
      <>
        <OneInput kind={kind} value={low} label={`${label}, from`} onChange={(next) => onChange([next, high])} />
        <span>and</span>
        <OneInput kind={kind} value={high} label={`${label}, to`} onChange={(next) => onChange([low, next])} />
      </>
    )
  }
  return <OneInput kind={kind} value={value} examples={examples} label={label} onChange={onChange} />
}

interface OneProps {
  kind: ValueKind
  value: unknown
  examples?: string[]
  label: string
  onChange: (value: unknown) => void
}

function OneInput({ kind, value, examples = [], label, onChange }: OneProps) {
  switch (kind) {
    case 'number':
      return (
        <NumberInput className={classes.narrow} hideControls value={typeof value === 'number' ? value : ''} onChange={onChange} aria-label={label} data-testid="value-input" />
      )
    case 'truth':
      return (
        <NativeSelect
          className={classes.middle}
          value={String(value === true)}
          onChange={(event) => onChange(event.currentTarget.value === 'true')}
          data={[{ value: 'true', label: 'true' }, { value: 'false', label: 'not true' }]}
          aria-label={label}
          data-testid="value-input"
        />
      )
    case 'ago':
    case 'ahead': {
      const word = kind === 'ago' ? '$ago' : '$ahead'
      const span = readRelative(value)?.span ?? ''
      return <SpanInput value={span} label={label} after={kind === 'ago' ? 'ago' : 'from now'} onChange={(next) => onChange({ [word]: next })} />
    }
    case 'moment': return <MomentInput value={textOf(value)} label={label} onChange={onChange} />
    case 'text':
      return (
        <Autocomplete className={classes.wide} value={textOf(value)} onChange={onChange} data={examples} limit={20} placeholder="a value" aria-label={label} data-testid="value-input" />
      )
  }
}

/** A date picker for a date; a moment with a time of day stays the text that it is. */
export function MomentInput({ value, label, onChange }: { value: string; label: string; onChange: (value: string) => void }) {
  const plain = value === '' || /^\d{4}-\d\d-\d\d$/.test(value)
  return (
    <TextInput
      className={plain ? classes.middle : classes.wide}
      type={plain ? 'date' : 'text'}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      aria-label={label}
      data-testid="value-input"
    />
  )
}

interface SeveralProps {
  kind: ValueKind
  values: unknown[]
  examples: string[]
  label: string
  onChange: (values: unknown[]) => void
}

function SeveralInput({ kind, values, examples, label, onChange }: SeveralProps) {
  // What stood there keeps its kind; what is typed anew has that of the row.
  const known = new Map(values.map((value) => [String(value), value]))
  return (
    <TagsInput
      className={classes.wide}
      value={values.map(String)}
      onChange={(texts) => onChange(texts.map((text) => known.get(text) ?? readTyped(text, kind)))}
      data={examples}
      placeholder={values.length === 0 ? 'Enter after each' : ''}
      splitChars={[',', ';']}
      aria-label={label}
      data-testid="value-input"
    />
  )
}

function readTyped(text: string, kind: ValueKind): unknown {
  const number = Number(text)
  return kind === 'number' && text.trim() !== '' && Number.isFinite(number) ? number : text
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

const KINDS: { value: ValueKind; label: string }[] = [
  { value: 'text', label: 'text' },
  { value: 'number', label: 'number' },
  { value: 'truth', label: 'true or not' },
  { value: 'moment', label: 'date' },
  { value: 'ago', label: 'time ago' },
  { value: 'ahead', label: 'time ahead' },
]

interface KindProps {
  kind: ValueKind
  op: Operator
  relative?: boolean // whether moments counted from now may stand here; in the conditions on an event they may not
  onChange: (kind: ValueKind, value: unknown) => void
}

/** Chooses the kind of value; choosing another begins with a blank one. */
export function KindInput({ kind, op, relative = true, onChange }: KindProps) {
  return (
    <NativeSelect
      className={classes.kindInput}
      value={kind}
      onChange={(event) => {
        const next = event.currentTarget.value as ValueKind
        const one = blank(next)
        onChange(next, op === '$between' ? [one, one] : op === '$in' || op === '$nin' ? [] : one)
      }}
      data={relative || kind === 'ago' || kind === 'ahead' ? KINDS : KINDS.filter(({ value }) => value !== 'ago' && value !== 'ahead')}
      aria-label="Kind of value"
    />
  )
}
