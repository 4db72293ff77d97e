/** The processes that do the work, and whether they were heard of lately. */

import { Text } from '@mantine/core'

import type { Worker } from '@/api/types'
import { sentence } from '@/words/channels'

import { Moment } from './Moment'
import classes from './WorkerList.module.css'

export function WorkerList({ workers }: { workers: Worker[] }) {
  if (workers.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No worker has reported. Start one with <code>motet work --engine</code>, or all at once with <code>motet up</code>.
      </Text>
    )
  }
  return (
    <ul className={classes.list}>
      {workers.map((worker) => (
        <li key={worker.id} className={classes.worker} data-alive={worker.alive} data-testid="worker-row">
          <span className={classes.light} aria-hidden="true" />
          <span className={classes.words}>
            <span>{sentence(worker.kind)}</span>
            <Text size="xs" c="dimmed" component="span" truncate title={detailOf(worker)}>{detailOf(worker)}</Text>
          </span>
          <Text size="xs" c={worker.alive ? 'dimmed' : 'red'} component="span" className={classes.seen}>
            {worker.alive ? <Moment at={worker.seen_at} /> : <Moment at={worker.seen_at} prefix="silent since " />}
          </Text>
        </li>
      ))}
    </ul>
  )
}

function detailOf(worker: Worker): string {
  if (!worker.detail) return worker.id
  if (typeof worker.detail === 'string') return worker.detail
  return Object.entries(worker.detail)
    .map(([key, value]) => `${sentence(key)} ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join(' · ')
}
