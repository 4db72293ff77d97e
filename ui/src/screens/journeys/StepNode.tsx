/** One step on the canvas: what it is, what it does, and who is there. */

import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'

import type { JourneyEdge } from '@/api/journeys'
import { ChannelMark } from '@/parts/ChannelMark'
import { Icon } from '@/parts/Icon'
import { spoken } from '@/words/channels'
import type { ShownNode } from '@/words/journeys/fold'
import { kindHue, kindIcon, kindName, MARKS, sayWays, stepTitle } from '@/words/journeys/kinds'
import { capital } from '@/words/reasons'

import classes from './StepNode.module.css'

export const WIDTH = 236 // px

/** What stands at the foot of a node, the main figure first. `bad` is shown in the colour of what went wrong. */
export interface Figures {
  main: string
  rest: string[]
  bad?: string | undefined
  marked: boolean // somebody is there
}

export type StepNodeType = Node<
  {
    node: ShownNode
    edges: readonly JourneyEdge[]
    figures: Figures | null
    wrong: boolean
    chosen: boolean
    height: number
    onSelect: (name: string) => void
  },
  'step'
>
export type StartNodeType = Node<{ trigger: string; segments: string[] }, 'start'>

export function heightOf(node: ShownNode, footed: boolean): number {
  return 80 + node.marks.length * 20 + (footed ? 44 : 0)
}

export function StepNode({ data: { node, edges, figures, wrong, chosen, height, onSelect } }: NodeProps<StepNodeType>) {
  const ways = sayWays(node.name, edges)
  const said = [
    stepTitle(node.name),
    node.summary,
    ...node.marks.map(({ text }) => text),
    figures ? [figures.main, ...figures.rest, figures.bad].filter(Boolean).join(', ') : '',
    ways ? `leads to ${ways}` : '',
    wrong ? 'something is wrong with it' : '',
  ]
  return (
    <>
      <Handle type="target" position={Position.Top} className={classes.handle} />
      <button
        type="button"
        className={`nodrag nopan ${classes.node ?? ''}`}
        style={{ width: WIDTH, height, '--hue': kindHue(node.kind) }}
        aria-pressed={chosen}
        aria-label={said.filter(Boolean).join('. ')}
        data-wrong={wrong || undefined}
        data-testid="step-node"
        data-name={node.name}
        data-kind={node.kind}
        onClick={() => onSelect(node.name)}
      >
        <span className={classes.head}>
          {node.channel ? <ChannelMark channel={node.channel} size={30} /> : <span className={classes.sign}><Icon name={kindIcon(node.kind)} size={16} /></span>}
          <span className={classes.words}>
            <span className={classes.name}>{stepTitle(node.name)}</span>
            <span className={classes.summary} title={capital(node.summary)}>{capital(node.summary) || kindName(node.kind)}</span>
          </span>
        </span>
        {node.marks.map(({ icon, text }) => (
          <span key={text} className={classes.helper}>
            <Icon name={MARKS[icon]} size={12} /> <span>{capital(text)}</span>
          </span>
        ))}
        {node.revision !== undefined && node.revision !== null && <span className={classes.old}>revision {node.revision}</span>}
        {figures && (
          <span className={`numbers ${classes.foot ?? ''}`}>
            <b data-marked={figures.marked || undefined}>{figures.main}</b>
            <span>{figures.rest.join(' · ')}{figures.bad && <em>{` · ${figures.bad}`}</em>}</span>
          </span>
        )}
      </button>
      <Handle type="source" position={Position.Bottom} className={classes.handle} />
    </>
  )
}

export function StartNode({ data: { trigger, segments } }: NodeProps<StartNodeType>) {
  return (
    <>
      <div className={classes.start} style={{ width: WIDTH }}>
        <Icon name="bolt" size={16} />
        <span className={classes.words}>
          <span className={classes.name} title={spoken(trigger)}>{spoken(trigger)}</span>
          <span className={classes.summary}>{segments.length > 0 ? `Customers in ${segments.join(' or ')}` : 'All customers'}</span>
        </span>
      </div>
      <Handle type="source" position={Position.Bottom} className={classes.handle} />
    </>
  )
}
