/** One step's form, drawn from its type; each change goes into the document at once. */

import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'

import type { StepKind } from '@/api/journeys'
import type { Problem } from '@/api/types'
import { Icon } from '@/parts/Icon'
import { ProblemList } from '@/parts/ProblemList'
import { Empty } from '@/parts/States'
import { type DraftStep, readField, typeOf } from '@/words/journeys/document'
import { kindIcon, kindName } from '@/words/journeys/kinds'

import { FieldInput } from './FieldInput'

interface FormProps {
  step: DraftStep | null
  steps: readonly DraftStep[]
  types: readonly StepKind[]
  problems: Problem[]
  onField: (field: string, value: unknown) => void
  onRename: (name: string) => void
  onRemove: () => void
}

export function StepForm({ step, steps, types, problems, onField, onRename, onRemove }: FormProps) {
  if (!step) {
    return (
      <Empty icon="pointer" title="No step is chosen">
        Choose one on the canvas to change it, or add one; a new step goes behind the one that is chosen.
      </Empty>
    )
  }
  const type = typeOf(types, step.word)
  return (
    <Stack gap="sm" data-testid="step-form">
      <Group gap="xs" c="dimmed">
        <Icon name={kindIcon(type?.kind ?? step.word)} size={16} />
        <Text size="sm">{type?.label ?? kindName(step.word)}</Text>
      </Group>
      <NameInput step={step} steps={steps} onRename={onRename} />
      {type?.form.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          value={readField(step, field)}
          steps={steps.filter(({ name }) => name !== step.name)}
          channel={typeof step.fields.channel === 'string' ? step.fields.channel : null}
          onChange={(value) => onField(field.name, value)}
        />
      ))}
      {problems.length > 0 && <ProblemList problems={problems} />}
      <Group justify="flex-end">
        <Button size="xs" variant="subtle" color="red" leftSection={<Icon name="trash" size={14} />} onClick={onRemove} data-testid="remove-step">
          Remove the step
        </Button>
      </Group>
    </Stack>
  )
}

const NAME = /^[a-z0-9][a-z0-9_-]*$/

/** A name is taken when it is left, since every letter typed would rename the step anew. */
function NameInput({ step, steps, onRename }: { step: DraftStep; steps: readonly DraftStep[]; onRename: (name: string) => void }) {
  const [name, setName] = useState(step.name)
  const taken = name !== step.name && steps.some((other) => other.name === name)
  const error = taken ? 'Another step is called so' : NAME.test(name) ? null : 'Small letters, digits, - and _'
  const rename = () => {
    if (error === null && name !== step.name) onRename(name)
  }
  return (
    <TextInput
      label="Name"
      value={name}
      onChange={(event) => setName(event.currentTarget.value)}
      onBlur={rename}
      onKeyDown={(event) => {
        if (event.key === 'Enter') rename()
      }}
      error={error}
      data-testid="step-name"
    />
  )
}
