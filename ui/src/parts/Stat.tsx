/** One big number: what it counts, over which time, and how it stands to another. */

import { Skeleton, Text } from '@mantine/core'
import type { ReactNode } from 'react'

import { NO_RATE } from '@/words/numbers'

import classes from './Stat.module.css'

interface StatProps {
  label: string
  value: string
  note: ReactNode // the time range, or what the rate is of
  rate?: string
  color?: string
  testid?: string
}

export function Stat({ label, value, note, rate, color, testid }: StatProps) {
  return (
    <div className={classes.stat} style={{ '--stat': color ?? 'var(--sent)' }} data-testid={testid}>
      <dt className={classes.label}>{label}</dt>
      <dd className={classes.value}>
        <span className="numbers">{value}</span>
        {rate !== undefined && rate !== NO_RATE && <span className={classes.rate}>{rate}</span>}
      </dd>
      <dd className={classes.note}>
        <Text size="xs" c="dimmed" component="span">{note}</Text>
      </dd>
    </div>
  )
}

/** Six numbers stand in one row, or three and three; four in one row, or two and two. */
export function StatRow({ number = 6, children }: { number?: 4 | 6; children: ReactNode }) {
  return <dl className={classes.row} style={{ '--wide': number, '--middle': number / 2 }}>{children}</dl>
}

export function StatSkeletons({ number = 6 }: { number?: 4 | 6 }) {
  return (
    <div className={classes.row} style={{ '--wide': number, '--middle': number / 2 }} aria-busy="true" aria-label="Loading">
      {Array.from({ length: number }, (_, place) => (
        <Skeleton key={place} height={104} radius="lg" />
      ))}
    </div>
  )
}
