/** One row of the builder: what it is about, its fields, and below them what is wrong or still missing. */

import { ActionIcon, Code, NumberInput, Text, TextInput, Tooltip } from '@mantine/core'
import { type ReactNode, useId } from 'react'

import { Icon } from '@/parts/Icon'
import { type OtherRow, type PercentRow, type Row, sayRow } from '@/words/segments'

import { useRules } from './context'
import { EventEditor, MessageEditor } from './DeedEditors'
import { FieldEditor, TraitEditor } from './FieldEditor'
import { DeviceEditor, PlaceEditor, SegmentEditor, StageEditor, TagEditor, TopicEditor } from './ListEditors'
import classes from './rules.module.css'
import { SORTS, subjectOf } from './subjects'

interface RowProps<R extends Row = Row> {
  row: R
  depth: number
  event: string | null
  onChange: (row: R) => void
}

export function RowBox({ onRemove, ...props }: RowProps & { onRemove: () => void }) {
  const { problems, gaps } = useRules()
  const { row, event } = props
  const note = useId()
  const subject = event === null ? subjectOf(row) : row.kind === 'field' ? 'property' : subjectOf(row)
  const [label, icon] =
    subject === 'property' ? ['Property', 'edit' as const] : subject === 'other' ? ['As it is written', 'copy' as const] : [SORTS[subject].label, SORTS[subject].icon]
  const wrong = problems.get(row.id) ?? []
  const gap = gaps.get(row.id)
  return (
    <div
      role="group"
      aria-label={label}
      aria-describedby={wrong.length > 0 || gap ? note : undefined}
      className={classes.row}
      data-bad={wrong.length > 0}
      data-testid="rule-row"
      data-subject={subject}
    >
      <div className={classes.rowHead}>
        <span className={classes.kind}><Icon name={icon} size={14} />{label}</span>
        <ActionIcon size="sm" variant="subtle" color="gray" onClick={onRemove} aria-label={`Remove this condition: ${sayRow(row)}`} data-testid="remove-row">
          <Icon name="cross" size={14} />
        </ActionIcon>
      </div>
      <Editor {...props} />
      <div id={note}>
        {wrong.map((problem, place) => (
          <p key={place} className={`${classes.note} ${classes.bad}`} role="alert" data-testid="row-problem">
            {problem.message}
            {problem.fix ? <Text span size="xs" c="dimmed"> Fix: {problem.fix}</Text> : null}
          </p>
        ))}
        {gap && wrong.length === 0 && <Text size="xs" c="dimmed" className={classes.note} data-testid="row-gap">{gap}</Text>}
      </div>
    </div>
  )
}

function Editor({ row, depth, event, onChange }: RowProps): ReactNode {
  switch (row.kind) {
    case 'event': return <EventEditor row={row} depth={depth} onChange={onChange} />
    case 'message': return <MessageEditor row={row} depth={depth} onChange={onChange} />
    case 'percent': return <PercentEditor row={row} onChange={onChange} />
    case 'other': return <AsWritten row={row} />
    case 'field': {
      const props = { row, onChange }
      const editor = {
        tag: <TagEditor {...props} />,
        segment: <SegmentEditor {...props} />,
        stage: <StageEditor {...props} />,
        topic: <TopicEditor {...props} />,
        device: <DeviceEditor {...props} />,
        location: <PlaceEditor {...props} />,
        trait: <TraitEditor {...props} />,
      }
      const subject = subjectOf(row)
      const special = event === null && subject in editor ? editor[subject as keyof typeof editor] : null
      return <div className={classes.line}>{special ?? <FieldEditor {...props} event={event} />}</div>
    }
  }
}

function PercentEditor({ row, onChange }: { row: PercentRow; onChange: (row: PercentRow) => void }) {
  return (
    <div className={classes.line}>
      <span>is among a random</span>
      <NumberInput
        className={classes.narrow}
        hideControls
        min={0}
        max={100}
        decimalScale={2}
        suffix="%"
        value={Number.isFinite(row.of) ? row.of : ''}
        onChange={(value) => onChange({ ...row, of: typeof value === 'number' ? value : Number.NaN })}
        aria-label="Percent"
        data-first
        data-testid="value-input"
      />
      <Tooltip label="The same word draws the same customers each time; another word draws others.">
        <TextInput
          className={classes.wide}
          value={row.salt ?? ''}
          onChange={(event) => onChange({ ...row, salt: event.currentTarget.value || null })}
          placeholder="drawn with this word (may be blank)"
          aria-label="Drawn with this word"
        />
      </Tooltip>
    </div>
  )
}

function AsWritten({ row }: { row: OtherRow }) {
  return (
    <>
      <Code block className={classes.raw} tabIndex={0}>{JSON.stringify(row.spec, null, 2)}</Code>
      <Text size="xs" c="dimmed" mt={6}>
        The form has no fields for this. It is kept exactly so and counts like every other condition; edit it in the document.
      </Text>
    </>
  )
}
