/** A button that copies a text, and says so when it has. */

import { Button, type ButtonProps, CopyButton } from '@mantine/core'

import { Icon } from './Icon'

interface CopyProps extends Omit<ButtonProps, 'children' | 'leftSection'> {
  value: string
  label?: string
}

export function Copy({ value, label = 'Copy', ...button }: CopyProps) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button size="xs" variant="default" {...button} onClick={copy} leftSection={<Icon name={copied ? 'check' : 'copy'} size={14} />}>
          {copied ? 'Copied' : label}
        </Button>
      )}
    </CopyButton>
  )
}
