/** A journey drawn: steps as nodes from the top down, the ways between them, and who is where. */

import '@xyflow/react/dist/base.css'

import { ActionIcon, Tooltip } from '@mantine/core'
import { type Edge, type Node, Panel as Corner, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from '@xyflow/react'
import { useEffect, useMemo } from 'react'

import type { Drawing } from '@/api/journeys'
import { Icon, type IconName } from '@/parts/Icon'
import { edgeLabel, fold, type ShownNode, START } from '@/words/journeys/fold'
import { layOut, routeKey } from '@/words/journeys/layout'

import classes from './Canvas.module.css'
import { type Figures, type StepNodeType, heightOf, StartNode, StepNode, WIDTH } from './StepNode'
import { type WayEdgeType, WayEdge } from './WayEdge'

const NODE_TYPES = { step: StepNode, start: StartNode }
const EDGE_TYPES = { way: WayEdge }
const LEAST = 380 // px of height
const MOST = 1_200

interface CanvasProps {
  drawing: Drawing
  selected: string | null
  onSelect: (name: string) => void
  /** What stands at the foot of a node; without it nothing does. */
  figures?: (node: ShownNode) => Figures | null
  problems?: ReadonlySet<string> // steps with something wrong
  label: string
}

export function Canvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <Picture {...props} />
    </ReactFlowProvider>
  )
}

function Picture({ drawing, selected, onSelect, figures, problems, label }: CanvasProps) {
  const shown = useMemo(() => fold(drawing), [drawing])
  const shape = shown.nodes.map(({ name, marks }) => `${name}/${marks.length}`).join('\n') + shown.edges.map(routeKey).join('\n')
  const footed = figures !== undefined
  // Numbers move every second or two, the picture only when the steps or the ways do.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const layout = useMemo(() => place(shown.nodes, shown.edges, footed), [shape, footed])
  const nodes = useMemo((): Node[] => {
    const start: Node = {
      id: START,
      type: 'start',
      position: layout.spots.get(START) ?? { x: 0, y: 0 },
      data: { trigger: drawing.trigger, segments: drawing.segments },
      selectable: false,
    }
    const steps = shown.nodes.map((node): StepNodeType => ({
      id: node.name,
      type: 'step',
      position: layout.spots.get(node.name) ?? { x: 0, y: 0 },
      data: {
        node,
        edges: shown.edges,
        figures: figures?.(node) ?? null,
        wrong: problems?.has(node.name) ?? false,
        chosen: node.name === selected,
        height: heightOf(node, figures !== undefined),
        onSelect,
      },
    }))
    return [start, ...steps]
  }, [shown, layout, drawing.trigger, drawing.segments, figures, problems, selected, onSelect])
  const edges = useMemo(() => drawEdges(shown.nodes, shown.edges, layout), [shown, layout])
  const height = Math.min(MOST, Math.max(LEAST, layout.bottom * 0.85 + 70))

  return (
    <div className={classes.canvas} style={{ height }} role="group" aria-label={label} data-testid="canvas">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        zoomOnScroll={false}
        preventScrolling={false}
        zoomOnDoubleClick={false}
        minZoom={0.15}
        maxZoom={1.5}
        fitView
        fitViewOptions={FIT}
        deleteKeyCode={null}
        proOptions={{ hideAttribution: true }}
      >
        <Corner position="bottom-left"><Zoom /></Corner>
        <Refit shape={shape} />
        <Follow selected={selected} layout={layout} />
      </ReactFlow>
    </div>
  )
}

const FIT = { maxZoom: 1, padding: 0.08 }

/** A changed picture is shown whole again, and so is one that got less room. */
function Refit({ shape }: { shape: string }) {
  const { fitView } = useReactFlow()
  const width = useStore((state) => state.width)
  useEffect(() => {
    const soon = requestAnimationFrame(() => void fitView(FIT))
    return () => cancelAnimationFrame(soon)
  }, [shape, width, fitView])
  return null
}

/** Brings the chosen step into view, wherever it was chosen. */
function Follow({ selected, layout }: { selected: string | null; layout: Placed }) {
  const { getViewport, setCenter } = useReactFlow()
  useEffect(() => {
    const spot = selected === null ? undefined : layout.spots.get(selected)
    const pane = document.querySelector('.react-flow')?.getBoundingClientRect()
    if (!spot || !pane) return
    const { x, y, zoom } = getViewport()
    const [left, top] = [spot.x * zoom + x, spot.y * zoom + y]
    const inside = left >= 0 && top >= 0 && left + WIDTH * zoom <= pane.width && top + 110 * zoom <= pane.height
    if (!inside) void setCenter(spot.x + WIDTH / 2, spot.y + 60, { zoom, duration: 200 })
  }, [selected, layout, getViewport, setCenter])
  return null
}

function Zoom() {
  const { zoomIn, zoomOut, fitView } = useReactFlow()
  return (
    <div className={classes.zoom}>
      <Tool label="Zoom in" icon="plus" act={() => void zoomIn({ duration: 150 })} />
      <Tool label="Zoom out" icon="minus" act={() => void zoomOut({ duration: 150 })} />
      <Tool label="Show all of it" icon="fit" act={() => void fitView({ ...FIT, duration: 150 })} />
    </div>
  )
}

function Tool({ label, icon, act }: { label: string; icon: IconName; act: () => void }) {
  return (
    <Tooltip label={label} position="right">
      <ActionIcon variant="default" aria-label={label} onClick={act} data-testid={`canvas-${icon}`}>
        <Icon name={icon} size={16} />
      </ActionIcon>
    </Tooltip>
  )
}

type Placed = ReturnType<typeof place>

function place(nodes: readonly ShownNode[], edges: readonly { from: string; to: string }[], footed: boolean) {
  const first = nodes[0]
  const links = first ? [{ from: START, to: first.name }, ...edges] : [...edges]
  const heights = new Map(nodes.map((node) => [node.name, heightOf(node, footed)]))
  const layout = layOut([START, ...nodes.map(({ name }) => name)], links, {
    width: WIDTH,
    gap: 36,
    rise: 62,
    lane: 40,
    heightOf: (name) => heights.get(name) ?? 58,
  })
  const bottom = Math.max(...[...layout.spots].map(([name, { y }]) => y + (heights.get(name) ?? 58)))
  return { ...layout, heights, bottom }
}

/** One edge for each pair of steps; several ways between the same two are told on it together. */
function drawEdges(nodes: readonly ShownNode[], ways: Drawing['edges'], layout: Placed): Edge[] {
  const first = nodes[0]
  const all = first ? [{ from: START, to: first.name, label: '' }, ...ways] : ways
  const together = new Map<string, { from: string; to: string; labels: string[] }>()
  for (const way of all) {
    const key = routeKey(way)
    const found = together.get(key) ?? { from: way.from, to: way.to, labels: [] }
    found.labels.push(edgeLabel(way))
    together.set(key, found)
  }
  return [...together].map(([key, { from, to, labels }]): WayEdgeType => ({
    id: key,
    source: from,
    target: to,
    type: 'way',
    data: {
      label: labels.filter(Boolean).join(' · '),
      points: layout.routes.get(key) ?? [],
      back: layout.returns.has(key),
      from: { x: layout.spots.get(from)?.x ?? 0, y: layout.spots.get(from)?.y ?? 0, height: layout.heights.get(from) ?? 58 },
      to: { x: layout.spots.get(to)?.x ?? 0, y: layout.spots.get(to)?.y ?? 0, height: layout.heights.get(to) ?? 58 },
    },
  }))
}
