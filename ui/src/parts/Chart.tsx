/** A chart, with the same numbers as a table for those who do not see it. */

import { Skeleton, useComputedColorScheme } from '@mantine/core'
import type { EChartsCoreOption, EChartsType } from 'echarts/core'
import { useEffect, useRef, useState } from 'react'

export interface ChartTable {
  head: string[]
  rows: string[][]
}

interface ChartProps {
  label: string // what the chart counts
  height: number // px at least; the chart fills its panel
  table: ChartTable
  option: (color: (token: string) => string) => EChartsCoreOption // `color` reads a token of theme.css
}

export function Chart({ label, height, table, option }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const [chart, setChart] = useState<EChartsType | null>(null)
  const scheme = useComputedColorScheme('light')

  useEffect(() => {
    let gone = false
    let drawn: EChartsType | undefined
    let watcher: ResizeObserver | undefined
    void import('./echarts').then(({ draw }) => {
      if (gone || !place.current) return
      drawn = draw(place.current)
      watcher = new ResizeObserver(() => drawn?.resize())
      watcher.observe(place.current)
      setChart(drawn)
    })
    return () => {
      gone = true
      watcher?.disconnect()
      drawn?.dispose()
      setChart(null)
    }
  }, [])

  useEffect(() => {
    const style = getComputedStyle(document.documentElement)
    chart?.setOption(option((token) => style.getPropertyValue(token).trim()), { notMerge: true })
  }, [chart, option, scheme])

  return (
    <figure style={{ flex: 1, margin: 0, position: 'relative', minHeight: height }}>
      {!chart && <Skeleton pos="absolute" inset={0} height="100%" radius="md" />}
      <div ref={place} style={{ position: 'absolute', inset: 0 }} role="img" aria-label={label} />
      <table className="unseen">
        <caption>{label}</caption>
        <thead>
          <tr>{table.head.map((cell) => <th key={cell} scope="col">{cell}</th>)}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, place) => (
            <tr key={place}>{row.map((cell, column) => <td key={column}>{cell}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
