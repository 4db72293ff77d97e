/** The messages, newest first; arrow keys walk through them. */

import { Text, UnstyledButton } from '@mantine/core'

import type { OutboxRow } from '@/api/types'
import { ChannelMark } from '@/parts/ChannelMark'
import { Moment } from '@/parts/Moment'
import { walk } from '@/parts/walk'
import { channelName } from '@/words/channels'

import classes from './OutboxList.module.css'

interface OutboxListProps {
  messages: OutboxRow[]
  chosen: string | undefined
  choose: (id: string) => void
}

export function OutboxList({ messages, chosen, choose }: OutboxListProps) {
  return (
    <ul className={classes.list} aria-label="Messages" onKeyDown={walk}>
      {messages.map((message) => (
        <li key={message.id}>
          <UnstyledButton
            className={classes.row}
            aria-current={message.id === chosen ? 'true' : undefined}
            onClick={() => choose(message.id)}
            data-testid="outbox-row"
            data-channel={message.channel}
            data-id={message.id}
            data-to={message.to}
          >
            <ChannelMark channel={message.channel} size={32} />
            <span className={classes.words}>
              <span className={classes.line}>
                <span className={classes.to}>{message.to || channelName(message.channel)}</span>
                <span className={classes.at}><Moment at={message.at} /></span>
              </span>
              <span className={classes.title}>{message.title || 'No title'}</span>
              <Text component="span" size="xs" c="dimmed" lineClamp={1}>{message.preview}</Text>
            </span>
          </UnstyledButton>
        </li>
      ))}
    </ul>
  )
}
