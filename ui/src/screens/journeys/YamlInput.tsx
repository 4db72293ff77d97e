/** A part of the document as text of its own. What cannot be read stays here until it can. */

import { Textarea } from '@mantine/core'
import { useState } from 'react'
import { parse } from 'yaml'

import { toYaml } from '@/words/yaml'

interface YamlProps {
  label: string
  description?: string
  value: unknown
  onChange: (value: unknown) => void
  'data-testid'?: string
}

export function YamlInput({ label, description, value, onChange, ...given }: YamlProps) {
  const [text, setText] = useState(() => (value === undefined || value === null ? '' : toYaml(value).trimEnd()))
  const [wrong, setWrong] = useState<string | null>(null)
  function change(next: string): void {
    setText(next)
    try {
      const read: unknown = next.trim() === '' ? undefined : parse(next)
      setWrong(null)
      onChange(read)
    } catch (error) {
      setWrong(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'It cannot be read.')
    }
  }
  return (
    <Textarea
      {...given}
      label={label}
      description={description}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      error={wrong}
      autosize
      minRows={2}
      maxRows={12}
      spellCheck={false}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.78rem' } }}
    />
  )
}
