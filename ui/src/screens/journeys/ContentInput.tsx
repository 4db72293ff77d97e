/** What a message says: a field for each part that its channel has. Templates as they stand. */

import { Fieldset, Stack, Textarea, TextInput } from '@mantine/core'

import { YamlInput } from './YamlInput'

const PARTS: Record<string, { name: string; label: string; long?: boolean }[]> = {
  email: [{ name: 'subject', label: 'Subject' }, { name: 'html', label: 'Body (HTML)', long: true }],
  sms: [{ name: 'text', label: 'Text', long: true }],
  push: [{ name: 'title', label: 'Title' }, { name: 'body', label: 'Body', long: true }, { name: 'url', label: 'Leads to' }],
  in_app: [{ name: 'title', label: 'Title' }, { name: 'body', label: 'Body', long: true }, { name: 'url', label: 'Leads to' }],
}

interface ContentProps {
  label: string
  value: unknown
  channel: string | null
  onChange: (value: unknown) => void
}

export function ContentInput({ label, value, channel, onChange }: ContentProps) {
  const parts = channel === null ? undefined : PARTS[channel]
  const content = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  // Content for several channels, or of a shape of its own, is told as it is.
  const known = parts && Object.values(content).every((part) => typeof part === 'string')
  if (!known) return <YamlInput label={label} value={value} onChange={onChange} data-testid="field-content" />
  return (
    <Fieldset legend={label}>
      <Stack gap="xs">
        {parts.map(({ name, label: partLabel, long }) => {
          const given = {
            label: partLabel,
            value: typeof content[name] === 'string' ? content[name] : '',
            onChange: (event: { currentTarget: { value: string } }) => onChange({ ...content, [name]: event.currentTarget.value }),
            'data-testid': `content-${name}`,
          }
          return long ? <Textarea key={name} {...given} autosize minRows={2} maxRows={10} /> : <TextInput key={name} {...given} />
        })}
      </Stack>
    </Fieldset>
  )
}
