/** Messages by hour over the last day: sent as ground, what people did above it. */

import { useCallback, useMemo } from 'react'

import type { SeriesPoint } from '@/api/types'
import { clock } from '@/words/moments'
import { count, shortCount } from '@/words/numbers'

import { Chart } from './Chart'
import { axes, frame } from './chartStyle'

const LINES = [
  ['sent', 'Sent'],
  ['opened', 'Opened'],
  ['clicked', 'Clicked'],
  ['converted', 'Converted'],
] as const

export function SeriesChart({ series, height = 260 }: { series: SeriesPoint[]; height?: number }) {
  const option = useCallback(
    (color: (token: string) => string) => {
      const { category, value } = axes(color)
      return {
        ...frame(color),
        xAxis: { ...category, boundaryGap: false, data: series.map((point) => clock(point.at)) },
        yAxis: { ...value, axisLabel: { ...value.axisLabel, formatter: (n: number) => shortCount(n) } },
        series: LINES.map(([key, name]) => ({
          name,
          type: 'line',
          data: series.map((point) => point[key]),
          smooth: 0.25,
          symbol: 'circle',
          symbolSize: 5,
          showSymbol: series.length < 3,
          lineStyle: { width: key === 'sent' ? 1.5 : 2 },
          color: color(`--${key}`),
          ...(key === 'sent' ? { areaStyle: { opacity: 0.28 } } : {}),
        })),
      }
    },
    [series],
  )
  const table = useMemo(
    () => ({
      head: ['Hour', ...LINES.map(([, name]) => name)],
      rows: series.map((point) => [clock(point.at), ...LINES.map(([key]) => count(point[key]))]),
    }),
    [series],
  )
  return <Chart label="Messages sent, opened, clicked and converted by hour" height={height} table={table} option={option} />
}
