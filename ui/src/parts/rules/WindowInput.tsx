/** The stretch of time that events are counted in: ever, rolling, a stretch of the past, the calendar, or fixed dates. */

import { NativeSelect } from '@mantine/core'

import { CALENDAR, type Window } from '@/words/segments'

import classes from './rules.module.css'
import { SpanInput } from './SpanInput'
import { MomentInput } from './ValueInput'

const KINDS: { value: Window['kind']; label: string }[] = [
  { value: 'ever', label: 'ever' },
  { value: 'within', label: 'in the last' },
  { value: 'from_to', label: 'in a past stretch' },
  { value: 'during', label: 'in the calendar' },
  { value: 'fixed', label: 'between dates' },
]

const BEGIN: Record<Window['kind'], Window> = {
  ever: { kind: 'ever' },
  within: { kind: 'within', within: '30d' },
  from_to: { kind: 'from_to', within: '60d', until: '30d' },
  during: { kind: 'during', during: 'this_month' },
  fixed: { kind: 'fixed', since: '', before: null },
}

export function WindowInput({ window, onChange }: { window: Window; onChange: (window: Window) => void }) {
  return (
    <>
      <NativeSelect
        value={window.kind}
        onChange={(event) => onChange(BEGIN[event.currentTarget.value as Window['kind']])}
        data={KINDS}
        aria-label="When"
        data-testid="window-kind"
      />
      <WindowParts window={window} onChange={onChange} />
    </>
  )
}

function WindowParts({ window, onChange }: { window: Window; onChange: (window: Window) => void }) {
  switch (window.kind) {
    case 'ever': return null
    case 'within': return <SpanInput value={window.within} label="In the last" onChange={(within) => onChange({ ...window, within })} />
    case 'from_to':
      return (
        <>
          <SpanInput value={window.within} before="from" label="From so long ago" onChange={(within) => onChange({ ...window, within })} />
          <SpanInput value={window.until} before="to" label="To so long ago" after="ago" onChange={(until) => onChange({ ...window, until })} />
        </>
      )
    case 'during':
      return (
        <NativeSelect
          className={classes.middle}
          value={window.during}
          onChange={(event) => onChange({ kind: 'during', during: event.currentTarget.value })}
          data={CALENDAR.map((value) => ({ value, label: value.replaceAll('_', ' ') }))}
          aria-label="Which days"
        />
      )
    case 'fixed':
      return (
        <>
          <span>since</span>
          <MomentInput value={window.since ?? ''} label="Since" onChange={(since) => onChange({ ...window, since: since || null })} />
          <span>before</span>
          <MomentInput value={window.before ?? ''} label="Before" onChange={(before) => onChange({ ...window, before: before || null })} />
        </>
      )
  }
}
