/** The channels beside one another: what share was delivered, opened, clicked and converted. */

import { useCallback, useMemo } from 'react'

import type { CampaignView } from '@/api/types'
import { Chart } from '@/parts/Chart'
import { axes, frame } from '@/parts/chartStyle'
import { channelName, channelOrder, isMeasured, type Measure } from '@/words/channels'
import { percent, share } from '@/words/numbers'

type Row = CampaignView['by_channel'][number]

const BARS: { measure: Measure; label: string }[] = [
  { measure: 'delivered', label: 'Delivered' },
  { measure: 'opened', label: 'Opened' },
  { measure: 'clicked', label: 'Clicked' },
  { measure: 'converted', label: 'Converted' },
]

function rateOf(row: Row, { measure }: (typeof BARS)[number]): number | null {
  if (row[measure] === 0 && !isMeasured(row.channel, measure)) return null
  return share(row[measure], row.sent)
}

export function ChannelBars({ rows }: { rows: Row[] }) {
  const ordered = useMemo(() => rows.toSorted((a, b) => channelOrder(a.channel) - channelOrder(b.channel)), [rows])
  const option = useCallback(
    (color: (token: string) => string) => {
      const { category, value } = axes(color)
      return {
        ...frame(color),
        tooltip: { ...frame(color).tooltip, axisPointer: { type: 'shadow' }, valueFormatter: (n: unknown) => percent(n as number | null) },
        xAxis: { ...category, data: ordered.map((row) => channelName(row.channel)) },
        yAxis: { ...value, minInterval: 0, max: 1, interval: 0.25, axisLabel: { ...value.axisLabel, formatter: (n: number) => percent(n) } },
        series: BARS.map((bar) => ({
          name: bar.label,
          type: 'bar',
          data: ordered.map((row) => rateOf(row, bar)),
          color: color(`--${bar.measure}`),
          barMaxWidth: 18,
          barGap: '20%',
          itemStyle: { borderRadius: [3, 3, 0, 0] },
        })),
      }
    },
    [ordered],
  )
  const table = useMemo(
    () => ({
      head: ['Channel', ...BARS.map(({ label }) => label)],
      rows: ordered.map((row) => [channelName(row.channel), ...BARS.map((bar) => percent(rateOf(row, bar)))]),
    }),
    [ordered],
  )
  return <Chart label="Shares delivered, opened, clicked and converted by channel" height={260} table={table} option={option} />
}
