/** The same journey as a list: for phones, for screen readers, and for whoever would rather read. */

import { Badge, Text } from '@mantine/core'

import { ChannelMark } from '@/parts/ChannelMark'
import { Icon } from '@/parts/Icon'
import { spoken } from '@/words/channels'
import { edgeLabel, type Shown, type ShownNode } from '@/words/journeys/fold'
import { kindHue, kindIcon, stepTitle } from '@/words/journeys/kinds'
import { capital } from '@/words/reasons'

import classes from './StepList.module.css'
import type { Figures } from './StepNode'

interface ListProps {
  shown: Shown
  selected: string | null
  onSelect: (name: string) => void
  figures?: (node: ShownNode) => Figures | null
  problems?: ReadonlySet<string>
  trigger: string
}

export function StepList({ shown, selected, onSelect, figures, problems, trigger }: ListProps) {
  return (
    <ol className={classes.list} data-testid="step-list">
      <li className={classes.start}><Icon name="bolt" size={16} /> {spoken(trigger)}</li>
      {shown.nodes.map((node) => {
        const told = figures?.(node)
        const ways = shown.edges.filter(({ from }) => from === node.name)
        return (
          <li key={node.name}>
            <button
              type="button"
              className={classes.step}
              aria-pressed={node.name === selected}
              data-wrong={(problems?.has(node.name) ?? false) ? true : undefined}
              onClick={() => onSelect(node.name)}
              data-testid="step-row"
              data-name={node.name}
            >
              {node.channel ? <ChannelMark channel={node.channel} size={32} /> : (
                <span className={classes.sign} style={{ '--hue': kindHue(node.kind) }}><Icon name={kindIcon(node.kind)} size={16} /></span>
              )}
              <span className={classes.words}>
                <span className={classes.name}>{stepTitle(node.name)}</span>
                {node.marks.map(({ text }) => <span key={text} className={classes.summary}>{capital(text)}</span>)}
                <span className={classes.summary}>{capital(node.summary)}</span>
                {told && (
                  <span className={`numbers ${classes.figures ?? ''}`}>
                    <b data-marked={told.marked || undefined}>{told.main}</b>
                    {told.rest.map((each) => ` · ${each}`)}
                    {told.bad && <em>{` · ${told.bad}`}</em>}
                  </span>
                )}
              </span>
            </button>
            {ways.length > 0 && (
              <ul className={classes.ways} aria-label={`Ways from ${stepTitle(node.name)}`}>
                {ways.map((way) => (
                  <li key={`${way.to}:${way.label ?? ''}`}>
                    <Icon name="next" size={12} />
                    {edgeLabel(way) && <Badge size="sm" color="gray" tt="none">{edgeLabel(way)}</Badge>}
                    <Text size="xs" c="dimmed" component="span">{stepTitle(way.to)}</Text>
                  </li>
                ))}
              </ul>
            )}
          </li>
        )
      })}
    </ol>
  )
}
