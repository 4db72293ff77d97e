/** The rows that were refused: the first of them here, all of them as a file. */

import { Button, Code, Text } from '@mantine/core'
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'

import { fetchRejects, type ImportView, type Reject, rejectsQuery, SHOWN_REJECTS } from '@/api/imports'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { Failure } from '@/parts/States'
import { count, plural } from '@/words/numbers'

import classes from './Imports.module.css'

export function Rejects({ one }: { one: ImportView }) {
  const mine = one.requested_by !== 'command line'
  const list = useQuery({ ...rejectsQuery(one), enabled: mine && one.status !== 'waiting', placeholderData: keepPreviousData })
  if (one.rejects_at !== null) {
    return (
      <Panel title="Rejects">
        <Text size="sm">
          {plural(one.rejected, 'row was', 'rows were')} refused. They are listed, with reasons, on the machine of the command
          line: <Code>{one.rejects_at}</Code>
        </Text>
      </Panel>
    )
  }
  if (list.data && list.data.length > 0) return <Listed one={one} rejects={list.data} />
  return (
    <Panel title="Rejects">
      {list.error ? <Failure error={list.error} retry={() => void list.refetch()} /> : null}
      <Text size="sm" c="dimmed">{none(one)}</Text>
    </Panel>
  )
}

function none(one: ImportView): string {
  if (one.rejected > 0) return `${plural(one.rejected, 'row was', 'rows were')} refused; the list of them is not here any more.`
  return one.status === 'done' ? 'No row was refused.' : 'No row was refused so far.'
}

/** Rows that were refused, and those that were taken in part. */
function Listed({ one, rejects }: { one: ImportView; rejects: Reject[] }) {
  const save = useMutation({ mutationFn: async () => offer(await fetchRejects(one.id), `rejects of ${one.name}.csv`) })
  return (
    <Panel
      title="Rejects"
      note={rejects.length >= SHOWN_REJECTS ? `The first ${count(SHOWN_REJECTS)}; the file has all` : 'Mend these rows and bring them in a file of their own'}
      aside={
        <Button
          variant="default"
          size="xs"
          leftSection={<Icon name="download" size={14} />}
          loading={save.isPending}
          onClick={() => save.mutate()}
          data-testid="download-rejects"
        >
          Download as CSV
        </Button>
      }
      flush
      testid="rejects"
    >
      {save.error ? <Failure error={save.error} /> : null}
      <div className={classes.tall} tabIndex={0} role="region" aria-label="Rejects">
        <table className={`${classes.table} ${classes.rows}`} aria-label="Rejects">
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Column</th>
              <th scope="col" className={classes.reason}>Reason</th>
            </tr>
          </thead>
          <tbody>
            {rejects.map((reject, place) => (
              <tr key={place} data-testid="reject-row">
                <td className="numbers" data-label="Row">{count(reject.row)}</td>
                <td data-label="Column">{reject.field || '–'}</td>
                <td data-label="Reason">
                  {reject.reason}
                  {reject.fix ? <Text size="xs" c="dimmed">Fix: {reject.fix}</Text> : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

/** Gives the browser a file to save. */
function offer(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000)
}
