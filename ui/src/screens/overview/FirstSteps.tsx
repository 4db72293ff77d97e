/** The way from an empty house to the first message. */

import { Code, List, Text, ThemeIcon } from '@mantine/core'

import { Icon } from '@/parts/Icon'
import { AnchorLink, ButtonLink } from '@/parts/links'
import { Panel } from '@/parts/Page'
import { plural } from '@/words/numbers'

export function FirstSteps({ customers, campaigns }: { customers: number; campaigns: number }) {
  return (
    <Panel title="Nothing has been said yet" note="Three steps to the first message">
      <List spacing="md" center={false} size="sm" data-testid="first-steps">
        <Step done={customers > 0} number={1}>
          {customers > 0 ? (
            <>You have {plural(customers, 'customer')}.</>
          ) : (
            <>Bring your customers: <Code>motet import customers FILE.csv</Code></>
          )}
        </Step>
        <Step done={campaigns > 0} number={2}>
          {campaigns > 0 ? (
            <>You have {plural(campaigns, 'campaign')}.</>
          ) : (
            <>
              Choose a blueprint or paste a document.{' '}
              <ButtonLink to="/new-campaign" size="compact-sm" variant="light">New campaign</ButtonLink>
            </>
          )}
        </Step>
        <Step done={false} number={3}>
          Launch it and watch the messages arrive in the{' '}
          <AnchorLink to="/outbox" inherit>outbox</AnchorLink>.
        </Step>
      </List>
    </Panel>
  )
}

function Step({ number, done, children }: { number: number; done: boolean; children: React.ReactNode }) {
  return (
    <List.Item
      icon={
        <ThemeIcon size={24} radius="xl" variant={done ? 'filled' : 'light'}>
          {done ? <Icon name="check" size={14} /> : <Text size="xs" fw={700} inherit>{number}</Text>}
        </ThemeIcon>
      }
    >
      {children}
    </List.Item>
  )
}
