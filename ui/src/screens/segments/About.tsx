/** What the segment is called. The name follows the title until somebody writes one, and stays once it is saved. */

import { Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'

import type { Problem } from '@/api/types'
import { Panel } from '@/parts/Page'
import { type Draft, nameOf } from '@/words/segments'

import classes from './SegmentScreen.module.css'

interface AboutProps {
  draft: Draft
  known: string | null
  problems: readonly Problem[]
  onChange: (draft: Draft) => void
}

export function About({ draft, known, problems, onChange }: AboutProps) {
  const [follows, setFollows] = useState(draft.name === '' || draft.name === nameOf(draft.title))
  const wrong = (field: string) => problems.find(({ path }) => path === field)?.message
  return (
    <Panel title="What it is called">
      <div className={classes.fields}>
        <TextInput
          label="Title"
          value={draft.title}
          onChange={(event) => {
            const title = event.currentTarget.value
            onChange({ ...draft, title, ...(known === null && follows ? { name: nameOf(title) } : {}) })
          }}
          placeholder="Big spenders"
          error={wrong('title')}
          data-testid="title-input"
        />
        <TextInput
          label="Name"
          description={known === null ? 'In documents and addresses; it stays' : 'It stays as it is'}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={draft.name}
          readOnly={known !== null}
          onChange={(event) => {
            setFollows(false)
            onChange({ ...draft, name: event.currentTarget.value })
          }}
          placeholder="big-spenders"
          error={wrong('name')}
          data-testid="name-input"
        />
        <Textarea
          label="Description"
          value={draft.description}
          onChange={(event) => onChange({ ...draft, description: event.currentTarget.value })}
          placeholder="Why one speaks to them"
          autosize
          minRows={1}
          error={wrong('description')}
        />
      </div>
    </Panel>
  )
}
