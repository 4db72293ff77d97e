/** The campaigns that ship with Motet, to begin from. */

import { Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'

import type { Blueprint } from '@/api/types'
import { ChannelRow } from '@/parts/ChannelMark'
import { isChannel, sentence } from '@/words/channels'

import classes from './NewCampaignScreen.module.css'

export function BlueprintPicker({ blueprints, chosen }: { blueprints: Blueprint[]; chosen: string | undefined }) {
  return (
    <ul className={classes.blueprints} aria-label="Blueprints">
      {blueprints.map((blueprint) => (
        <li key={blueprint.name}>
          <Link
            to="/new-campaign"
            search={{ blueprint: blueprint.name }}
            resetScroll={false}
            className={classes.blueprint}
            aria-current={chosen === blueprint.name ? 'true' : undefined}
            data-testid="blueprint-card"
            data-name={blueprint.name}
          >
            <Text fw={650}>{blueprint.title || sentence(blueprint.name)}</Text>
            <Text size="sm" c="dimmed" style={{ flex: 1 }}>{blueprint.description}</Text>
            <ChannelRow channels={channelsOf(blueprint.document)} />
          </Link>
        </li>
      ))}
    </ul>
  )
}

/** The channels that a document speaks on, as far as they can be read off it. */
function channelsOf(document: unknown): string[] {
  if (typeof document !== 'object' || document === null) return []
  const messages: unknown = (document as Record<string, unknown>).messages
  if (!Array.isArray(messages)) return []
  return messages
    .map((message: unknown) => (typeof message === 'object' && message !== null ? (message as Record<string, unknown>).channel : null))
    .filter((channel): channel is string => typeof channel === 'string' && isChannel(channel))
}
