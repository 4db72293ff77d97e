/** What would be sent by day and channel, stacked. */

import { useCallback, useMemo } from 'react'

import type { SimulatedDay } from '@/api/simulations'
import { Chart } from '@/parts/Chart'
import { axes, frame } from '@/parts/chartStyle'
import { channelName, channelOrder } from '@/words/channels'
import { count, shortCount } from '@/words/numbers'

export function SimulatedDays({ daily }: { daily: SimulatedDay[] }) {
  const channels = useMemo(
    () => [...new Set(daily.flatMap((day) => Object.keys(day.channels)))].sort((a, b) => channelOrder(a) - channelOrder(b)),
    [daily],
  )
  const option = useCallback(
    (color: (token: string) => string) => {
      const { category, value } = axes(color)
      return {
        ...frame(color),
        xAxis: { ...category, data: daily.map(({ date }) => shortDay(date)) },
        yAxis: { ...value, axisLabel: { ...value.axisLabel, formatter: (n: number) => shortCount(n) } },
        series: channels.map((channel) => ({
          name: channelName(channel),
          type: 'bar',
          stack: 'sent',
          barMaxWidth: 26,
          color: color(`--voice-${channel}`),
          data: daily.map((day) => day.channels[channel] ?? 0),
        })),
      }
    },
    [daily, channels],
  )
  const table = useMemo(
    () => ({
      head: ['Day', ...channels.map(channelName)],
      rows: daily.map((day) => [day.date, ...channels.map((channel) => count(day.channels[channel] ?? 0))]),
    }),
    [daily, channels],
  )
  return <Chart label="Messages that would be sent by day and channel" height={260} table={table} option={option} />
}

function shortDay(date: string): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`))
}
