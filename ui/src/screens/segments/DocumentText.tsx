/** The document as text. Each change that can be read becomes the draft; what cannot says why, and where. */

import { Alert, Text, Textarea } from '@mantine/core'
import { useState } from 'react'

import { Icon } from '@/parts/Icon'
import { type Draft, readDocument } from '@/words/segments'

interface TextProps {
  text: string
  known: string | null
  onText: (text: string) => void
  onDraft: (draft: Draft | null) => void // null while the text is no document
}

/** YAML, of which JSON is a part. The reader is fetched when it is first needed. */
async function readText(text: string): Promise<unknown> {
  const { parse } = await import('yaml')
  return parse(text) as unknown
}

export function DocumentText({ text, known, onText, onDraft }: TextProps) {
  const [wrong, setWrong] = useState<string | null>(null)

  async function change(next: string): Promise<void> {
    onText(next)
    try {
      const draft = readDocument(await readText(next))
      const renamed = draft && known !== null && draft.name !== known
      setWrong(renamed ? `The name stays “${known}”. A segment of another name is a new one.` : draft ? null : SHAPE)
      onDraft(renamed ? null : draft)
    } catch (error) {
      setWrong(error instanceof Error ? error.message : 'It cannot be read.')
      onDraft(null)
    }
  }

  return (
    <>
      <Textarea
        aria-label="Segment document"
        value={text}
        onChange={(event) => void change(event.currentTarget.value)}
        autosize
        minRows={18}
        maxRows={36}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.8125rem', lineHeight: 1.55 } }}
        data-testid="document-editor"
      />
      {wrong !== null && (
        <Alert color="red" icon={<Icon name="warning" />} title="This is no segment yet" mt="sm" role="alert" data-testid="document-wrong">
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{wrong}</Text>
        </Alert>
      )}
    </>
  )
}

const SHAPE = 'It needs kind: segment, texts for name, title and description, and conditions at where.'
