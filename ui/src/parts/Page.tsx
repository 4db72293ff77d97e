/** A screen's head, and the panels on it. */

import { Card, Group, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

import classes from './Page.module.css'

interface HeadProps {
  title: string
  lead?: ReactNode
  badge?: ReactNode
  before?: ReactNode
  children?: ReactNode // the actions
}

export function PageHead({ title, lead, badge, before, children }: HeadProps) {
  useEffect(() => {
    document.title = `${title} · Motet`
  }, [title])
  return (
    <header className={classes.head}>
      {before}
      <div className={classes.headRow}>
        <div className={classes.headText}>
          <Group gap="sm">
            <Title order={1}>{title}</Title>
            {badge}
          </Group>
          {lead !== undefined && <Text c="dimmed" size="sm" mt={4} component="div">{lead}</Text>}
        </div>
        {children !== undefined && <Group gap="xs" className={classes.actions}>{children}</Group>}
      </div>
    </header>
  )
}

interface PanelProps {
  title: string
  note?: ReactNode // what is counted, and over which time
  aside?: ReactNode
  flush?: boolean // the content reaches the edges, as a table does
  children: ReactNode
  testid?: string
}

export function Panel({ title, note, aside, flush = false, children, testid }: PanelProps) {
  return (
    <Card component="section" aria-label={title} padding={0} className={classes.panel} data-testid={testid}>
      <div className={classes.panelHead}>
        <div>
          <Title order={2}>{title}</Title>
          {note !== undefined && <Text size="xs" c="dimmed" component="p" m={0}>{note}</Text>}
        </div>
        {aside}
      </div>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </Card>
  )
}
