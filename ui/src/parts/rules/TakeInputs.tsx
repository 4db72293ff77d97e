/** How often something happened, and what its occurrences came to: sum, average, first, last, most frequent. */

import { ActionIcon, Autocomplete, NativeSelect } from '@mantine/core'

import { Icon } from '@/parts/Icon'
import {
  kindOf, type Operator, OPERATOR_WORDS, reshape, type Take, TAKE_WORDS, TAKES, type TakeTest, type ValueKind,
} from '@/words/segments'

import { useFields } from './context'
import classes from './rules.module.css'
import { KindInput, ValueInput } from './ValueInput'

const COUNTS: { value: Operator; label: string }[] = [
  { value: '$gte', label: 'at least' },
  { value: '$gt', label: 'more than' },
  { value: '$eq', label: 'exactly' },
  { value: '$lte', label: 'at most' },
  { value: '$lt', label: 'less than' },
  { value: '$between', label: 'between' },
]

interface TestsProps {
  tests: TakeTest[]
  onChange: (tests: TakeTest[]) => void
}

/** Without any test, once is enough; that is shown, and written only when somebody changes it. */
export function CountInput({ tests, onChange }: TestsProps) {
  const place = tests.findIndex(({ take }) => take === 'count')
  const test = tests[place] ?? (tests.length === 0 ? { take: 'count' as const, op: '$gte' as const, bare: false, value: 1 } : null)
  const put = (next: TakeTest) => onChange(place < 0 ? [next, ...tests] : tests.with(place, next))
  const known = test === null || COUNTS.some(({ value }) => value === test.op)
  return (
    <span className={classes.together}>
      <NativeSelect
        value={test?.op ?? 'any'}
        onChange={(event) => {
          const op = event.currentTarget.value as Operator | 'any'
          if (op === 'any') onChange(tests.filter((_, i) => i !== place))
          else put({ take: 'count', op, bare: false, value: reshape(op, test?.value ?? 1, 'number') })
        }}
        data={[
          ...(tests.some(({ take }) => take !== 'count') ? [{ value: 'any', label: 'any number of' }] : []),
          ...COUNTS,
          ...(known ? [] : [{ value: test.op, label: OPERATOR_WORDS[test.op][0] }]),
        ]}
        aria-label="How often"
        data-testid="count-op"
      />
      {test && <ValueInput op={test.op} kind="number" value={test.value} label="Times" onChange={(value) => put({ ...test, value })} />}
      <span>{test?.value === 1 ? 'time' : 'times'}</span>
    </span>
  )
}

const NUMBERS: Operator[] = ['$gt', '$gte', '$lt', '$lte', '$eq', '$between']
const MOMENTS: Operator[] = ['$gt', '$lt', '$between']
const VALUES: Operator[] = ['$eq', '$ne', '$in', '$nin']

function opsOf(take: Take): Operator[] {
  return take === 'most' ? VALUES : take === 'first' || take === 'last' ? MOMENTS : NUMBERS
}

const MOMENT_LABELS: Partial<Record<Operator, string>> = { $gt: 'was after', $lt: 'was before', $between: 'was between' }

/** A first comparison for each of them. */
export function newTake(take: Take): TakeTest {
  if (take === 'most') return { take, op: '$eq', bare: false, value: '' }
  if (take === 'first' || take === 'last') return { take, op: '$lt', bare: false, value: { $ago: '30d' } }
  return { take, op: '$gte', bare: false, value: take === 'count' ? 1 : 0 }
}

interface TakesProps extends TestsProps {
  event: string
  of: string | null
  onOf: (of: string | null) => void
}

/** The comparisons beside the count, one on each line. */
export function TakeInputs({ tests, event, of, onChange, onOf }: TakesProps) {
  return (
    <>
      {tests.map((test, place) =>
        // The first count stands on the line of the event.
        test.take === 'count' && tests.findIndex(({ take }) => take === 'count') === place ? null : (
          <div key={place} className={classes.line} data-testid="take-row">
            <TakeInput
              test={test}
              event={event}
              of={of}
              onOf={onOf}
              onChange={(next) => onChange(tests.with(place, next))}
              onRemove={() => onChange(tests.filter((_, i) => i !== place))}
            />
          </div>
        ),
      )}
    </>
  )
}

interface TakeProps {
  test: TakeTest
  event: string
  of: string | null
  onOf: (of: string | null) => void
  onChange: (test: TakeTest) => void
  onRemove: () => void
}

function TakeInput({ test, event, of, onOf, onChange, onRemove }: TakeProps) {
  const fields = useFields(event)
  const moment = test.take === 'first' || test.take === 'last'
  const kind: ValueKind = moment || test.take === 'most' ? kindOf(test.value) : 'number'
  const label = (op: Operator) => (moment ? MOMENT_LABELS[op] : undefined) ?? OPERATOR_WORDS[op][0]
  const ops = [...new Set([...opsOf(test.take), test.op])]
  return (
    <>
      <span>and the</span>
      <NativeSelect
        value={test.take}
        onChange={(change) => onChange(newTake(change.currentTarget.value as Take))}
        data={TAKES.map((value) => ({ value, label: TAKE_WORDS[value] }))}
        aria-label="What of it"
        data-testid="take-kind"
      />
      {!moment && test.take !== 'count' && (
        <Autocomplete
          className={classes.middle}
          value={of ?? ''}
          onChange={(text) => onOf(text === '' ? null : text)}
          data={fields.map(({ name }) => name)}
          placeholder="value"
          aria-label="Of which property"
          data-testid="take-of"
        />
      )}
      <NativeSelect
        value={test.op}
        onChange={(change) => {
          const op = change.currentTarget.value as Operator
          onChange({ ...test, op, bare: false, value: reshape(op, test.value, kind) })
        }}
        data={ops.map((value) => ({ value, label: label(value) }))}
        aria-label="Comparison"
      />
      {moment && <KindInput kind={kind} op={test.op} onChange={(_, value) => onChange({ ...test, bare: false, value })} />}
      <ValueInput op={test.op} kind={kind} value={test.value} onChange={(value) => onChange({ ...test, value })} />
      <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={`Remove: ${TAKE_WORDS[test.take]}`}>
        <Icon name="cross" size={14} />
      </ActionIcon>
    </>
  )
}
