/** Bring a file of customers or events, and what was brought before. */

import { Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { importsQuery } from '@/api/imports'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'

import { DropZone } from './DropZone'
import classes from './Imports.module.css'
import { ImportTable } from './ImportTable'
import { Setup } from './Setup'

export function ImportsScreen() {
  const [file, setFile] = useState<File | null>(null)
  if (file) return <Setup key={`${file.name}:${file.size}:${file.lastModified}`} file={file} close={() => setFile(null)} />
  return (
    <>
      <PageHead title="Import" lead="Customers and events out of files" />
      <div className={classes.stack}>
        <DropZone onFile={setFile} />
        <Past />
      </div>
    </>
  )
}

function Past() {
  const { data, error, refetch } = useQuery(importsQuery)
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={4} height={48} />
  return (
    <Panel title="Imports" note="The newest first, those of the command line too" flush testid="past-imports">
      {data.length > 0 ? (
        <ImportTable imports={data} />
      ) : (
        <Group justify="center">
          <Empty icon="import" title="Nothing was imported yet">
            Drop a file above, or run <code>motet import customers FILE</code> or <code>motet import events FILE</code>.
            An import that is cut off goes on where it was, and no row is taken twice.
          </Empty>
        </Group>
      )}
    </Panel>
  )
}
