/** The paths of a branch, each with its condition, or of a split, each with its weight. */

import { ActionIcon, Button, Fieldset, Group, NumberInput, Stack, TextInput } from '@mantine/core'

import { Icon } from '@/parts/Icon'
import type { DraftStep } from '@/words/journeys/document'

import { StepSelect } from './FieldInput'
import { YamlInput } from './YamlInput'

type Path = Record<string, unknown>

interface PathsProps {
  label: string
  shares: boolean
  value: unknown
  steps: readonly DraftStep[]
  onChange: (value: unknown) => void
}

export function PathsInput({ label, shares, value, steps, onChange }: PathsProps) {
  const paths = Array.isArray(value) ? (value as Path[]) : []
  function set(place: number, field: string, next: unknown): void {
    onChange(paths.map((path, at) => {
      if (at !== place) return path
      return Object.fromEntries(Object.entries({ ...path, [field]: next }).filter(([, each]) => each !== undefined && each !== ''))
    }))
  }
  function add(): void {
    const name = String.fromCharCode(97 + (paths.length % 26))
    onChange([...paths, shares ? { name, percent: 0 } : { name, when: {} }])
  }
  return (
    <Fieldset legend={label}>
      <Stack gap="md">
        {paths.map((path, place) => (
          <Stack key={place} gap={6} data-testid="path-row">
            <Group gap="xs" wrap="nowrap" align="flex-end">
              <TextInput label="Path" style={{ flex: 1 }} value={typeof path.name === 'string' ? path.name : ''} onChange={(event) => set(place, 'name', event.currentTarget.value)} />
              {shares && (
                <NumberInput label={weighed(path) === 'weight' ? 'Weight' : 'Percent'} w={90} min={0} value={shareOf(path)} onChange={(next) => set(place, weighed(path), next === '' ? undefined : Number(next))} />
              )}
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Remove the path" onClick={() => onChange(paths.filter((_, at) => at !== place))}>
                <Icon name="cross" size={16} />
              </ActionIcon>
            </Group>
            {!shares && <YamlInput label="When" value={path.when} onChange={(next) => set(place, 'when', next ?? {})} />}
            <StepSelect label="Goes to" value={typeof path.go === 'string' ? path.go : ''} steps={steps} onChange={(next) => set(place, 'go', next)} />
          </Stack>
        ))}
        <Button size="xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={add} style={{ alignSelf: 'flex-start' }}>
          Add a path
        </Button>
      </Stack>
    </Fieldset>
  )
}

function weighed(path: Path): 'weight' | 'percent' {
  return path.weight === undefined ? 'percent' : 'weight'
}

function shareOf(path: Path): number | string {
  const share = path[weighed(path)]
  return typeof share === 'number' ? share : ''
}
