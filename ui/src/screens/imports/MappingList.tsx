/** The columns of a file, and where each of them goes. */

import { NativeSelect, Text } from '@mantine/core'

import type { ImportKind, ImportPreview } from '@/api/imports'
import { Panel } from '@/parts/Page'
import { choicesFor, LEFT_OUT } from '@/words/imports'

import classes from './Imports.module.css'

interface MappingListProps {
  preview: ImportPreview
  kind: ImportKind
  map: (column: string, target: string) => void
}

export function MappingList({ preview, kind, map }: MappingListProps) {
  if (preview.form === 'calls') {
    return (
      <Panel title="Columns">
        <Text size="sm" c="dimmed">
          Tracking calls say themselves who did what and when (<code>userId</code>, <code>event</code>, <code>timestamp</code>):
          there is nothing to choose. Traits of an <code>identify</code> are written into the profile.
        </Text>
      </Panel>
    )
  }
  return (
    <Panel title="Columns" note="Where each goes; what is not known by name becomes a field of your own">
      <ul className={classes.columns}>
        {preview.columns.map(({ name, target, samples }) => (
          <li key={name} className={classes.column} data-out={target === LEFT_OUT} data-testid="column-row" data-name={name}>
            <div>
              <div className={classes.columnName}>{name || '(no name)'}</div>
              <div className={classes.samples} title={samples.join(' · ')}>{samples.length > 0 ? samples.join(' · ') : 'empty'}</div>
            </div>
            <NativeSelect
              aria-label={`Where ${name} goes`}
              value={target}
              onChange={(event) => map(name, event.currentTarget.value)}
              data={choicesFor(name, target, preview.fields, kind)}
              data-testid="target-select"
            />
          </li>
        ))}
      </ul>
    </Panel>
  )
}
