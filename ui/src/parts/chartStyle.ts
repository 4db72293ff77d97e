/** How every chart is drawn: quiet axes, the page's own type. */

type Color = (token: string) => string

export function frame(color: Color) {
  return {
    animation: false, // the numbers move by themselves; a picture that redraws itself would never rest
    textStyle: { fontFamily: 'inherit', color: color('--muted') },
    grid: { left: 4, right: 12, top: 36, bottom: 4, containLabel: true },
    legend: {
      top: 0,
      left: 0,
      icon: 'roundRect',
      itemWidth: 10,
      itemHeight: 10,
      itemGap: 16,
      textStyle: { color: color('--muted'), fontSize: 12 },
    },
    tooltip: {
      trigger: 'axis' as const,
      backgroundColor: color('--surface'),
      borderColor: color('--line'),
      textStyle: { color: color('--ink'), fontSize: 12 },
      confine: true,
    },
  }
}

export function axes(color: Color) {
  const label = { color: color('--muted'), fontSize: 11, hideOverlap: true }
  return {
    category: { type: 'category' as const, axisTick: { show: false }, axisLine: { lineStyle: { color: color('--line') } }, axisLabel: label },
    value: { type: 'value' as const, minInterval: 1, splitNumber: 4, splitLine: { lineStyle: { color: color('--line') } }, axisLabel: label },
  }
}
