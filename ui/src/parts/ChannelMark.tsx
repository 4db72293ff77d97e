/** A channel's icon in its colour, alone or with its name. */

import { Tooltip } from '@mantine/core'

import { channelColor, channelName, isChannel } from '@/words/channels'

import classes from './ChannelMark.module.css'
import { Icon } from './Icon'

export function ChannelMark({ channel, size = 28 }: { channel: string; size?: number }) {
  return (
    <span className={classes.mark} style={{ '--voice': channelColor(channel), width: size, height: size }}>
      <Icon name={isChannel(channel) ? channel : 'bolt'} size={Math.round(size * 0.58)} />
    </span>
  )
}

export function ChannelLabel({ channel }: { channel: string }) {
  return (
    <span className={classes.label}>
      <ChannelMark channel={channel} />
      {channelName(channel)}
    </span>
  )
}

/** The channels of a campaign in a row; each says its name to those who ask. */
export function ChannelRow({ channels }: { channels: readonly string[] }) {
  return (
    <span className={classes.row}>
      {[...new Set(channels)].map((channel) => (
        <Tooltip key={channel} label={channelName(channel)}>
          <span role="img" aria-label={channelName(channel)}>
            <ChannelMark channel={channel} size={24} />
          </span>
        </Tooltip>
      ))}
    </span>
  )
}
