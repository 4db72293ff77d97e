/** The parts of ECharts that the screens use, and no more. Loaded when a chart is first drawn. */

import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use as include, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

include([LineChart, BarChart, GridComponent, TooltipComponent, LegendComponent, SVGRenderer])

export function draw(place: HTMLElement): EChartsType {
  return init(place, null, { renderer: 'svg' })
}
