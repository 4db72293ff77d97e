/** A way between two steps: a line that bends past what stands between, with what leads there beside its end. */

import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react'

import type { Point } from '@/words/journeys/layout'

import classes from './Canvas.module.css'
import { WIDTH } from './StepNode'

interface End extends Point {
  height: number
}

export type WayEdgeType = Edge<{ label: string; points: Point[]; back: boolean; from: End; to: End }, 'way'>

const ASIDE = 90 // px that a way back swings out
const ABOVE = 22 // px between a label and the step that it leads to

export function WayEdge({ id, data }: EdgeProps<WayEdgeType>) {
  if (!data) return null
  const { label, back } = data
  const { path, at } = back ? swing(data.from, data.to) : run(data.from, data.to, data.points)
  return (
    <>
      <BaseEdge id={id} path={path} className={back ? classes.back : classes.way} />
      <path d={arrow(data.to, back)} className={classes.arrow} />
      {label && (
        <EdgeLabelRenderer>
          <span className={classes.label} style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }} data-testid="way-label">
            {label}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  )
}

/** Down from layer to layer. */
function run(from: End, to: End, points: readonly Point[]): { path: string; at: Point } {
  const start = { x: from.x + WIDTH / 2, y: from.y + from.height }
  const end = { x: to.x + WIDTH / 2, y: to.y - 5 }
  const all = [start, ...points, end]
  let path = `M ${start.x} ${start.y}`
  for (let place = 1; place < all.length; place++) {
    const [a, b] = [all[place - 1] ?? start, all[place] ?? end]
    const bend = (b.y - a.y) / 2
    path += ` C ${a.x} ${a.y + bend} ${b.x} ${b.y - bend} ${b.x} ${b.y}`
  }
  // Near the first layer that it reaches, a little towards where it comes from: there no two labels meet.
  const first = all[1] ?? end
  return { path, at: { x: first.x + (start.x - first.x) * 0.12, y: first.y - ABOVE } }
}

/** Back up, by the right side. */
function swing(from: End, to: End): { path: string; at: Point } {
  const start = { x: from.x + WIDTH, y: from.y + from.height / 2 }
  const end = { x: to.x + WIDTH + 5, y: to.y + to.height / 2 }
  const out = Math.max(start.x, end.x) + ASIDE
  return {
    path: `M ${start.x} ${start.y} C ${out} ${start.y} ${out} ${end.y} ${end.x} ${end.y}`,
    at: { x: out - ASIDE / 4, y: (start.y + end.y) / 2 },
  }
}

function arrow(to: End, back: boolean): string {
  if (back) {
    const [x, y] = [to.x + WIDTH, to.y + to.height / 2]
    return `M ${x + 8} ${y - 5} L ${x} ${y} L ${x + 8} ${y + 5} Z`
  }
  const [x, y] = [to.x + WIDTH / 2, to.y]
  return `M ${x - 5} ${y - 8} L ${x} ${y} L ${x + 5} ${y - 8} Z`
}
