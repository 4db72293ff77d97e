/** The kinds of steps: their icons, and what is said of a step in words. Pure. */

import type { JourneyEdge } from '@/api/journeys'
import type { IconName } from '@/parts/Icon'
import { sentence } from '@/words/channels'

import { edgeLabel, type ShownNode, START } from './fold'

const ICONS: Record<string, IconName> = {
  start: 'bolt',
  message: 'email',
  delay: 'clock',
  wait_until: 'clock',
  wait_for_engagement: 'eye',
  wait_for_event: 'bolt',
  wait_for_condition: 'filter',
  branch: 'branch',
  split: 'scale',
  update_profile: 'edit',
  action: 'webhook',
  emit_event: 'status',
  enter: 'leave',
  digest: 'group',
  exit: 'flag',
}

export function kindIcon(kind: string): IconName {
  return ICONS[kind] ?? 'next'
}

/** Colours by what a step does: speak, wait, decide, act, end. Tokens of theme.css. */
const HUES: Record<string, string> = {
  delay: 'var(--muted)',
  wait_until: 'var(--muted)',
  wait_for_engagement: 'var(--opened)',
  wait_for_event: 'var(--opened)',
  wait_for_condition: 'var(--opened)',
  digest: 'var(--opened)',
  branch: 'var(--clicked)',
  split: 'var(--clicked)',
  update_profile: 'var(--converted)',
  action: 'var(--converted)',
  emit_event: 'var(--converted)',
  enter: 'var(--converted)',
}

export function kindHue(kind: string): string {
  return HUES[kind] ?? 'var(--muted)'
}

export function kindName(kind: string): string {
  return sentence(kind)
}

/** Where one goes from a step: `opened: Offer; timed out: Reminder`. */
export function sayWays(name: string, edges: readonly JourneyEdge[]): string {
  return edges
    .filter((edge) => edge.from === name)
    .map((edge) => [edgeLabel(edge), stepTitle(edge.to)].filter(Boolean).join(': '))
    .join('; ')
}

export function stepTitle(name: string): string {
  return name === START ? 'Start' : sentence(name.replaceAll(':', ' '))
}

/** Who left the journey on the step. */
export function leftAt({ left }: ShownNode): number {
  return left.reduce((sum, { count }) => sum + count, 0)
}

/** Who went on from the step: those who came, and are neither there nor gone. */
export function passedAt(node: ShownNode): number {
  return Math.max(0, node.entered - node.present - leftAt(node) - node.quarantined)
}

export const MARKS: Record<ShownNode['marks'][number]['icon'], IconName> = { clock: 'clock', filter: 'filter', branch: 'branch', message: 'email' }
