/** A phone that has just received: a text among messages, a notice on the lock screen. */

import type { ReactNode } from 'react'

import type { OutboxMessage } from '@/api/types'
import { isWebAddress } from '@/words/letters'
import { clock, day } from '@/words/moments'
import { plural } from '@/words/numbers'

import { LinkedText } from './LinkedText'
import classes from './Phone.module.css'

function Phone({ label, children, locked = false }: { label: string; children: ReactNode; locked?: boolean }) {
  return (
    <div className={classes.stage}>
      <div className={classes.phone} data-locked={locked} role="group" aria-label={label}>
        <span className={classes.notch} aria-hidden="true" />
        {children}
      </div>
    </div>
  )
}

export function SmsPhone({ message }: { message: OutboxMessage }) {
  return (
    <Phone label="An SMS on a phone">
      <div className={classes.smsHead}>{message.from || 'Sender'}</div>
      <div className={classes.smsBody} data-testid="phone-sms">
        <span className={classes.smsTime}>{day(message.at)}, {clock(message.at)}</span>
        <p className={classes.bubble}><LinkedText text={message.text ?? message.preview} /></p>
      </div>
    </Phone>
  )
}

export function PushPhone({ message }: { message: OutboxMessage }) {
  const body = typeof message.body === 'string' ? message.body : message.preview
  const devices = message.tokens?.length ?? 0
  return (
    <>
      <Phone label="A push message on a lock screen" locked>
        <div className={classes.lockTime}>{clock(message.at)}</div>
        <div className={classes.lockDay}>{day(message.at)}</div>
        <Notice message={message} body={body} />
      </Phone>
      {devices > 0 && <p className={classes.note}>Sent to {plural(devices, 'device')} of this customer.</p>}
    </>
  )
}

function Notice({ message, body }: { message: OutboxMessage; body: string }) {
  const inside = (
    <>
      <span className={classes.noticeApp}>Your app<span>now</span></span>
      <b>{message.title}</b>
      <span>{body}</span>
    </>
  )
  if (!isWebAddress(message.url)) return <div className={classes.notice} data-testid="phone-push">{inside}</div>
  return (
    <a className={classes.notice} href={message.url} target="_blank" rel="noreferrer" data-testid="phone-push">
      {inside}
    </a>
  )
}
