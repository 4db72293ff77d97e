/** How many customers a rule matches now, and some of them. */

import { Loader, Stack, Text } from '@mantine/core'

import { ProblemList } from '@/parts/ProblemList'
import { Failure } from '@/parts/States'
import { clockSeconds } from '@/words/moments'
import { count, percent, plural } from '@/words/numbers'

import { SomeCustomers } from './SomeCustomers'
import classes from './rules.module.css'
import type { Asked } from './useRule'

interface CountProps {
  asked: Asked
  sample?: boolean
  rows?: boolean // whether the rows are in sight, where problems are marked; else all are listed here
}

export function LiveCount({ asked, sample = true, rows = true }: CountProps) {
  const { preview, counting, waiting, problems, placed, error, retry } = asked
  const marked = rows ? placed.rows.size : 0
  const listed = rows ? placed.rest : problems
  const old = counting || waiting > 0
  if (error) return <Failure error={error} retry={retry} />
  return (
    <Stack gap="sm">
      <div role="status" aria-live="polite" data-testid="live-count" data-state={waiting > 0 ? 'waiting' : counting ? 'counting' : 'counted'}>
        {preview && (
          <>
            <div className={classes.number} data-old={old}>
              <span className="numbers" data-testid="count-number">{count(preview.count)}</span>
              <Text span size="sm" c="dimmed" fw={500}>
                of {plural(preview.total, 'customer')}, {percent(preview.share)}
              </Text>
            </div>
            <Text size="xs" c="dimmed">
              As of {clockSeconds(preview.as_of)}, counted in {count(preview.took_ms)} ms
              {counting && waiting === 0 ? <> · counting anew <Loader size={10} component="span" /></> : null}
            </Text>
          </>
        )}
        {!preview && waiting === 0 && problems.length === 0 && <Text size="sm" c="dimmed">Counting…</Text>}
        {waiting > 0 && (
          <Text size="sm" c="dimmed" mt={4}>
            {preview ? 'That was before your last change. ' : ''}It is counted again when {plural(waiting, 'condition is', 'conditions are')} filled in.
          </Text>
        )}
        {problems.length > 0 && (
          <Text size="sm" className={classes.bad}>
            It cannot be counted{marked === 0 ? ':' : marked === 1 ? ': see the marked condition.' : ': see the marked conditions.'}
          </Text>
        )}
      </div>
      {listed.length > 0 && <ProblemList problems={listed} />}
      {sample && preview && preview.sample.length > 0 && (
        <div style={{ opacity: old ? 0.45 : 1 }}>
          <Text size="xs" c="dimmed" fw={550} mb={2}>{preview.sample.length < preview.count ? `${preview.sample.length} of them` : 'These are all'}</Text>
          <SomeCustomers customers={preview.sample} apart />
        </div>
      )}
    </Stack>
  )
}
