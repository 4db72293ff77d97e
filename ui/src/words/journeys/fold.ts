/** What the canvas shows of a graph: helper steps fold into the step that they help, and the way in gets a node. Pure. */

import type { Drawing, JourneyEdge, JourneyNode } from '@/api/journeys'

/** The node that stands for the way in; no step is called so, since names have no brackets. */
export const START = '(start)'

export interface ShownNode extends JourneyNode {
  parts: JourneyNode[] // what the step became when it was compiled, in its order: waits, conditions, messages
  marks: { icon: 'clock' | 'filter' | 'branch' | 'message'; text: string }[] // what is said of them on the node
}

export interface Shown {
  nodes: ShownNode[]
  edges: JourneyEdge[]
}

/** The step of the document that a compiled step belongs to: `hello` of `hello:delay`; null for one of its own name. */
export function helped(name: string): string | null {
  const place = name.indexOf(':')
  return place > 0 ? name.slice(0, place) : null
}

export function ownerOf(name: string): string {
  return helped(name) ?? name
}

export function fold(drawing: Drawing): Shown {
  const groups = new Map<string, JourneyNode[]>()
  for (const node of drawing.nodes) {
    const owner = ownerOf(node.name)
    groups.set(owner, [...(groups.get(owner) ?? []), node])
  }
  const entries = new Set([...groups.values()].map(([first]) => first?.name))
  return { nodes: [...groups].map(([name, parts]) => join(name, parts)), edges: foldEdges(drawing.edges, entries) }
}

/** The node of a step: its main part under its own name, with the people of all parts. */
function join(name: string, parts: JourneyNode[]): ShownNode {
  const said = parts.filter(({ kind }) => kind === 'message')
  const main = parts.find((part) => part.name === name) ?? said[0] ?? parts[0]
  if (!main) throw new Error(`The step ${name} has no parts.`)
  const several = said.length > 1
  const left = new Map<string, number>()
  for (const { reason, count } of parts.flatMap((part) => part.left)) left.set(reason, (left.get(reason) ?? 0) + count)
  return {
    ...main,
    name,
    summary: several ? `Say on ${said.length} channels` : main.summary,
    present: sum(parts, ({ present }) => present),
    entered: parts[0]?.entered ?? main.entered,
    quarantined: sum(parts, ({ quarantined }) => quarantined),
    left: [...left].map(([reason, count]) => ({ reason, count })),
    parts,
    marks: parts.filter((part) => part !== main || several).flatMap((part) => markOf(part)),
  }
}

function markOf(part: JourneyNode): ShownNode['marks'] {
  const suffix = part.name.split(':').at(-1) ?? ''
  if (part.kind === 'message') return [{ icon: 'message', text: part.summary }]
  if (part.kind === 'delay' || part.kind === 'wait_until') return [{ icon: 'clock', text: part.summary }]
  if (suffix === 'conditions') return [{ icon: 'filter', text: 'Only under its conditions' }]
  if (suffix === 'decision') return [{ icon: 'branch', text: 'Then a decision' }]
  return [] // a bare way to another step
}

function sum(parts: readonly JourneyNode[], pick: (part: JourneyNode) => number): number {
  return parts.reduce((all, part) => all + pick(part), 0)
}

/** Ways inside a step vanish; ways that become one and the same are told once. */
function foldEdges(edges: readonly JourneyEdge[], entries: ReadonlySet<string | undefined>): JourneyEdge[] {
  const found = new Map<string, JourneyEdge>()
  for (const edge of edges) {
    const [from, to] = [ownerOf(edge.from), ownerOf(edge.to)]
    // A step may lead back to its own beginning; from part to part inside it nothing is led.
    if (from === to && !entries.has(edge.to)) continue
    const label = foldLabel(edge)
    const folded = { ...edge, from, to, label }
    found.set(`${from}\n${to}\n${label}`, folded)
  }
  return [...found.values()]
}

/** What is said on a way that a helper has: the words of branches that nobody wrote mean little. */
function foldLabel({ from, label = '' }: JourneyEdge): string {
  const suffix = helped(from) === null ? '' : (from.split(':').at(-1) ?? '')
  if (suffix === 'conditions') return 'passed over'
  if (suffix === 'next') return ''
  if (suffix === 'decision') return label === 'otherwise' ? '' : 'decided'
  return label
}

/** What stands on an edge: `opened`, `30 %`, `b, 30 %`. */
export function edgeLabel(edge: JourneyEdge): string {
  const share = edge.share === undefined || edge.share === null ? '' : `${Math.round(edge.share * 1000) / 10} %`
  return [edge.label ?? '', share].filter(Boolean).join(', ')
}
