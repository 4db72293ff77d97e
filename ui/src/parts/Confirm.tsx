/** Asks before something is done that customers would notice. */

import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

import { Failure } from './States'

interface ConfirmProps {
  opened: boolean
  title: string
  children: ReactNode // what will happen
  action: string // the verb on the button
  danger?: boolean
  busy: boolean
  error: unknown
  onConfirm: () => void
  onClose: () => void
}

export function Confirm({ opened, title, children, action, danger, busy, error, onConfirm, onClose }: ConfirmProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650}>{title}</Text>}>
      <Stack>
        <Text size="sm" component="div">{children}</Text>
        {error ? <Failure error={error} /> : null}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>Not now</Button>
          <Button
            color={danger ? 'red' : undefined}
            loading={busy}
            onClick={onConfirm}
            data-autofocus
            data-testid="confirm-button"
          >
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
