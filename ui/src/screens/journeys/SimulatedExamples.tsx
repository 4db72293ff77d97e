/** Some simulated customers, each told line by line on their own clock. */

import { Accordion, Text } from '@mantine/core'

import type { SimulationReport } from '@/api/simulations'
import { Icon, type IconName } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { isChannel } from '@/words/channels'
import { plural } from '@/words/numbers'
import { capital } from '@/words/reasons'

import classes from './Simulator.module.css'

const SIGNS: Record<string, IconName> = {
  entered: 'bolt', refused: 'cross', sent: 'check', held: 'pause', dropped: 'cross', did: 'pointer', step: 'next', left: 'flag', waits: 'clock',
}

export function SimulatedExamples({ examples }: { examples: SimulationReport['examples'] }) {
  if (examples.length === 0) return null
  return (
    <Panel title="Examples" note="One customer for each way that came about; times are on the customer’s own clock">
      <Accordion variant="separated" chevronPosition="left">
        {examples.map((example) => (
          <Accordion.Item key={example.customer} value={example.customer} data-testid="simulation-example">
            <Accordion.Control>
              <Text size="sm" fw={600}>{capital(example.outcome)}</Text>
              <Text size="xs" c="dimmed">
                {example.customer}, {example.timezone}; {plural(example.like, 'customer')} went the same way
              </Text>
            </Accordion.Control>
            <Accordion.Panel>
              <ol className={classes.lines}>
                {example.lines.map((line, place) => (
                  <li key={place} className={classes.line} data-kind={line.kind}>
                    <time dateTime={line.at}>{line.local}</time>
                    <Icon name={line.channel !== undefined && isChannel(line.channel) ? line.channel : (SIGNS[line.kind] ?? 'next')} size={16} />
                    <Text size="sm" component="p" m={0}>{capital(line.text)}</Text>
                  </li>
                ))}
              </ol>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Panel>
  )
}
