/** Server-sent events over fetch, so that an Authorization header can go along; `EventSource` cannot send one. */

import { readError, requestHeaders } from './client'
import { EventReader, type StreamEvent } from './events'
import { askForKey } from './session'

export type StreamState = 'connecting' | 'live' | 'lost'

const FIRST_PAUSE = 1_000 // ms before the first new attempt; doubles up to LONGEST_PAUSE
const LONGEST_PAUSE = 15_000

interface Listener {
  onEvent: (event: StreamEvent) => void
  onState: (state: StreamState) => void
}

/** Listens until the returned function is called; a lost connection is taken up again by itself. */
export function listen(path: string, listener: Listener): () => void {
  const stop = new AbortController()
  void keepListening(path, listener, stop.signal)
  return () => stop.abort()
}

async function keepListening(path: string, listener: Listener, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE
  for (;;) {
    listener.onState('connecting')
    const outcome = await readOnce(path, listener, signal).catch(() => 'failed' as const)
    if (signal.aborted) return
    listener.onState('lost')
    if (outcome === 'refused') return // a 401 or 404 does not mend itself; a new key starts a new stream
    pause = outcome === 'ended' ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE)
    await sleep(pause, signal)
  }
}

async function readOnce(path: string, listener: Listener, signal: AbortSignal): Promise<'ended' | 'refused'> {
  const answer = await fetch(path, { headers: requestHeaders({ Accept: 'text/event-stream' }), signal })
  if (answer.status === 401) askForKey()
  if (answer.status === 401 || answer.status === 404) return 'refused'
  if (!answer.ok || !answer.body) throw await readError(answer)
  listener.onState('live')
  const events = new EventReader()
  const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await pieces.read()
    if (done) return 'ended'
    for (const event of events.push(value)) listener.onEvent(event)
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
