/** Sent > delivered > opened > clicked > converted, a row for each channel, bars on the scale of its own sent. */

import { Tooltip } from '@mantine/core'

import type { ChannelNumbers } from '@/api/types'
import { channelName, channelOrder, isMeasured, type Measure } from '@/words/channels'
import { count, money, percent, share } from '@/words/numbers'

import { ChannelLabel } from './ChannelMark'
import classes from './Funnel.module.css'

const STAGES: { measure: Measure; label: string }[] = [
  { measure: 'sent', label: 'Sent' },
  { measure: 'delivered', label: 'Delivered' },
  { measure: 'opened', label: 'Opened' },
  { measure: 'clicked', label: 'Clicked' },
  { measure: 'converted', label: 'Converted' },
]

export const RATES_NOTE = 'Rates and bars are shares of sent.'

export function Funnel({ rows, currency }: { rows: ChannelNumbers[]; currency?: string | undefined }) {
  const ordered = rows.toSorted((a, b) => channelOrder(a.channel) - channelOrder(b.channel))
  return (
    <table className={classes.funnel} data-testid="funnel">
      <thead>
        <tr>
          <th scope="col">Channel</th>
          {STAGES.map(({ measure, label }) => <th key={measure} scope="col">{label}</th>)}
          <th scope="col" className={classes.end}>Failed</th>
          <th scope="col" className={classes.end}>Revenue</th>
        </tr>
      </thead>
      <tbody>
        {ordered.map((row) => (
          <tr key={row.channel} data-testid="channel-row" data-channel={row.channel}>
            <th scope="row"><ChannelLabel channel={row.channel} /></th>
            {STAGES.map((stage) => <Stage key={stage.measure} row={row} {...stage} />)}
            <td className={classes.end} data-label="Failed">
              <span className="numbers">{count(row.failed)}</span>
            </td>
            <td className={classes.end} data-label="Revenue">
              <span className="numbers">{money(row.revenue, currency)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Stage({ row, measure, label }: { row: ChannelNumbers; measure: Measure; label: string }) {
  const value = row[measure]
  if (value === 0 && !isMeasured(row.channel, measure)) {
    return (
      <td data-label={label}>
        <Tooltip label={`Nobody reports “${label.toLowerCase()}” for ${channelName(row.channel)} here.`}>
          <span className={classes.silent} tabIndex={0}>not reported</span>
        </Tooltip>
      </td>
    )
  }
  const rate = share(value, row.sent)
  return (
    <td data-label={label}>
      <span className={classes.figure}>
        <span className="numbers">{count(value)}</span>
        {measure !== 'sent' && <span className={classes.rate}>{percent(rate)}</span>}
      </span>
      <span className={classes.track}>
        <span
          className={classes.bar}
          style={{ width: `${(rate ?? 0) * 100}%`, minWidth: value > 0 ? 2 : 0, background: `var(--${measure})` }}
        />
      </span>
    </td>
  )
}
