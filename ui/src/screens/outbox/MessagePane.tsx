/** One message, shown in the way of its channel. */

import { ActionIcon, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { ApiError } from '@/api/client'
import { outboxMessageQuery } from '@/api/queries'
import type { OutboxMessage } from '@/api/types'
import { ChannelMark } from '@/parts/ChannelMark'
import { Icon } from '@/parts/Icon'
import { AnchorLink } from '@/parts/links'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { full } from '@/words/moments'

import { EmailView } from './EmailView'
import classes from './MessagePane.module.css'
import { PushPhone, SmsPhone } from './Phone'
import { Toast } from './Toast'
import { WebhookView } from './WebhookView'

export function MessagePane({ id, back }: { id: string; back: () => void }) {
  const { data, error, refetch } = useQuery(outboxMessageQuery(id))
  if (error instanceof ApiError && error.status === 404) {
    return <Empty icon="outbox" title="This message is no longer kept">The outbox keeps the newest messages only.</Empty>
  }
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={3} height={90} />
  return (
    <>
      <header className={classes.head}>
        <ActionIcon variant="subtle" color="gray" onClick={back} aria-label="Back to the list" hiddenFrom="md" data-testid="outbox-back">
          <Icon name="back" />
        </ActionIcon>
        <ChannelMark channel={data.channel} size={36} />
        <div className={classes.words}>
          <Text fw={650} data-testid="message-title">{data.subject ?? data.title}</Text>
          <Text size="xs" c="dimmed">
            {data.from && <>From {data.from} </>}
            to{' '}
            <Receiver message={data} />
            {' · '}
            {full(data.at)}
          </Text>
        </div>
      </header>
      <Shown message={data} />
    </>
  )
}

/** Who got it, leading to the customer where the address says who that is. */
function Receiver({ message: { channel, to } }: { message: OutboxMessage }) {
  if (channel !== 'email' && channel !== 'sms' && channel !== 'in_app') return <span data-testid="message-to">{to}</span>
  const q = /\(([^()]+)\)$/.exec(to)?.[1] ?? to // in-app: `Ada Lovelace (c-17)`
  return <AnchorLink to="/customers" search={{ q }} size="xs" data-testid="message-to">{to}</AnchorLink>
}

function Shown({ message }: { message: OutboxMessage }) {
  switch (message.channel) {
    case 'email':
      return <EmailView message={message} />
    case 'sms':
      return <SmsPhone message={message} />
    case 'push':
      return <PushPhone message={message} />
    case 'in_app':
      return <Toast message={message} />
    default:
      return <WebhookView message={message} />
  }
}
