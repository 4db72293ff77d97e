/** A place to drop a file on, which is a button to everybody else. */

import { Text } from '@mantine/core'
import { type DragEvent, useState } from 'react'

import { Icon } from '@/parts/Icon'

import classes from './Imports.module.css'

export function DropZone({ onFile }: { onFile: (file: File) => void }) {
  const [over, setOver] = useState(false)
  const take = (file: File | undefined) => {
    if (file) onFile(file)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer.files[0])
  }
  return (
    <label
      className={classes.drop}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      data-testid="drop-zone"
    >
      <input
        type="file"
        className="unseen"
        accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,text/csv,application/x-ndjson"
        aria-label="Choose a file to import"
        onChange={(event) => {
          take(event.currentTarget.files?.[0])
          event.currentTarget.value = '' // the same file may be chosen again
        }}
        data-testid="file-input"
      />
      <span className={classes.sign}><Icon name="import" size={30} /></span>
      <Text fw={600} span>Drop a file here, or choose one</Text>
      <Text size="sm" c="dimmed" span>
        Customers or events, as CSV with a header or as JSON lines, up to 2 GB. You see how it is read before anything
        is written.
      </Text>
    </label>
  )
}
