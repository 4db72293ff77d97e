/** An in-app message as it slides into the brand's own page. */

import type { OutboxMessage } from '@/api/types'
import { isWebAddress } from '@/words/letters'

import classes from './Toast.module.css'

export function Toast({ message }: { message: OutboxMessage }) {
  const body = typeof message.body === 'string' ? message.body : (message.text ?? message.preview)
  return (
    <div className={classes.stage}>
      <div className={classes.page} role="group" aria-label="An in-app message on a page">
        <div className={classes.bar} aria-hidden="true"><i /><i /><i /></div>
        <div className={classes.lines} aria-hidden="true"><i /><i /><i /><i /></div>
        <div className={classes.toast} data-testid="toast-in-app">
          <b>{message.title}</b>
          <span>{body}</span>
          {isWebAddress(message.url) && (
            <a href={message.url} target="_blank" rel="noreferrer" data-testid="message-link">Open</a>
          )}
        </div>
      </div>
    </div>
  )
}
