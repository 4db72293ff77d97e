/** Imports as rows: what, how far, how many were refused. */

import { Badge, Progress, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'

import { type ImportStatus, type ImportView, isMoving } from '@/api/imports'
import { Moment } from '@/parts/Moment'
import { sentence } from '@/words/channels'
import { shareDone, statusName } from '@/words/imports'
import { count, percent } from '@/words/numbers'

import classes from './Imports.module.css'

const COLORS: Record<ImportStatus, string> = {
  waiting: 'gray',
  running: 'verdigris',
  interrupted: 'saffron',
  done: 'gray',
  refused: 'red',
  stopped: 'saffron',
}

export function ImportBadge({ status }: { status: ImportStatus }) {
  return (
    <Badge color={COLORS[status]} tt="none" fw={600} data-testid="import-status" data-status={status}>
      {statusName(status)}
    </Badge>
  )
}

export function ImportTable({ imports }: { imports: ImportView[] }) {
  return (
    <table className={`${classes.table} ${classes.rows}`} aria-label="Imports">
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col">Status</th>
          <th scope="col" className={classes.number}>Rows</th>
          <th scope="col" className={classes.number}>Written</th>
          <th scope="col" className={classes.number}>Rejected</th>
          <th scope="col">Started</th>
        </tr>
      </thead>
      <tbody>
        {imports.map((one) => (
          <tr key={one.id} data-testid="import-row" data-name={one.name}>
            <th scope="row">
              <Link to="/imports/$id" params={{ id: one.id }} className={classes.name}>{one.name}</Link>
              <Text size="xs" c="dimmed">{sentence(one.kind)}{one.requested_by === 'command line' && ' · command line'}</Text>
            </th>
            <td data-label="Status">
              <ImportBadge status={one.status} />
              {isMoving(one) && one.size > 0 && (
                <>
                  <Progress value={shareDone(one) * 100} size="xs" mt={6} miw={80} aria-label={`${one.name}: done`} />
                  <Text size="xs" c="dimmed" className="numbers">{percent(shareDone(one))}</Text>
                </>
              )}
            </td>
            <td className={`${classes.number} numbers`} data-label="Rows">{count(one.rows)}</td>
            <td className={`${classes.number} numbers`} data-label="Written">{count(one.changed)}</td>
            <td className={`${classes.number} numbers`} data-label="Rejected">
              <Text span size="sm" c={one.rejected > 0 ? 'red' : undefined}>{count(one.rejected)}</Text>
            </td>
            <td data-label="Started"><Moment at={one.started_at} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
