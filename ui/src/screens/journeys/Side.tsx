/** What is beside the canvas where there is room, and over the page where there is not. */

import { ActionIcon, Drawer, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'

import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'

import classes from './JourneyScreen.module.css'

interface SideProps {
  title: string
  onClose: () => void
  children: ReactNode
}

export function Side({ title, onClose, children }: SideProps) {
  const narrow = useMediaQuery('(max-width: 68em)', undefined, { getInitialValueInEffect: false })
  if (narrow) {
    return (
      <Drawer opened onClose={onClose} position="right" size="md" title={<Text fw={650}>{title}</Text>} closeButtonProps={{ 'aria-label': 'Close' }}>
        <div data-testid="step-pane">{children}</div>
      </Drawer>
    )
  }
  return (
    <aside className={classes.side} data-testid="step-pane">
      <Panel
        title={title}
        aside={
          <ActionIcon variant="subtle" color="gray" aria-label="Close" onClick={onClose} data-testid="pane-close">
            <Icon name="cross" size={16} />
          </ActionIcon>
        }
      >
        {children}
      </Panel>
    </aside>
  )
}
