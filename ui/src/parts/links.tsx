/** Mantine's anchors and buttons that lead to a screen, with addresses that the compiler checks. */

import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'

import { Icon } from './Icon'

type Native = Omit<ComponentProps<'a'>, keyof AnchorProps | 'color'>

function PlainAnchor(props: AnchorProps & Native) {
  return <Anchor {...props} />
}

function PlainButton(props: ButtonProps & Omit<ComponentProps<'a'>, keyof ButtonProps>) {
  return <Button component="a" {...props} />
}

export const AnchorLink = createLink(PlainAnchor)
export const ButtonLink = createLink(PlainButton)

/** What stands in a link back to the list that one came from. */
export function Back({ children }: { children: ReactNode }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: '0.3rem', marginBottom: '0.4rem' }}>
      <Icon name="back" size={14} /> {children}
    </span>
  )
}
