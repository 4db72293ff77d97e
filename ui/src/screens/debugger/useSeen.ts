/** The events that the doors see, as they come. While paused they are kept aside and counted. */

import { useEffect, useReducer, useRef } from 'react'

import { readSeen, type SeenEvent, STREAM } from '@/api/debugger'
import { listen, type StreamState } from '@/api/stream'
import { mergeSeen } from '@/words/debugger'

const GATHER = 200 // ms between two drawings, however many events come
const BEFORE = 200 // events of before one looked

interface Seen {
  events: SeenEvent[]
  aside: SeenEvent[] // came while paused
  skipped: number // more came at once than are shown
  paused: boolean
  state: StreamState
  error: unknown
  ready: boolean // what was before has been read
  cleared: string // events received up to here were cleared away
}

type Change =
  | { what: 'came'; events: SeenEvent[]; skipped: number }
  | { what: 'read'; events: SeenEvent[]; skipped: 0 }
  | { what: 'state'; state: StreamState }
  | { what: 'failed'; error: unknown }
  | { what: 'pause' }
  | { what: 'clear' }

const START: Seen = { events: [], aside: [], skipped: 0, paused: false, state: 'connecting', error: null, ready: false, cleared: '' }

function change(seen: Seen, done: Change): Seen {
  switch (done.what) {
    case 'came':
    case 'read': {
      const events = done.events.filter((event) => event.received_at > seen.cleared)
      const next = { ...seen, skipped: seen.skipped + done.skipped, error: null, ready: seen.ready || done.what === 'read' }
      if (seen.paused) return { ...next, aside: mergeSeen(seen.aside, withoutKnown(events, seen.events)) }
      return { ...next, events: mergeSeen(seen.events, events) }
    }
    case 'state':
      return { ...seen, state: done.state }
    case 'failed':
      return { ...seen, error: done.error }
    case 'pause':
      if (!seen.paused) return { ...seen, paused: true }
      return { ...seen, paused: false, aside: [], events: mergeSeen(seen.events, seen.aside) }
    case 'clear':
      return { ...seen, events: [], aside: [], skipped: 0, cleared: newest([...seen.aside, ...seen.events]) || seen.cleared }
  }
}

function withoutKnown(events: SeenEvent[], known: SeenEvent[]): SeenEvent[] {
  const ids = new Set(known.map((event) => event.id))
  return events.filter((event) => !ids.has(event.id))
}

function newest(events: SeenEvent[]): string {
  return events.reduce((last, event) => (event.received_at > last ? event.received_at : last), '')
}

export function useSeen(): Seen & { pause: () => void; clear: () => void } {
  const [seen, tell] = useReducer(change, START)
  const gathered = useRef<SeenEvent[]>([])

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let skipped = 0
    const flush = () => {
      timer = undefined
      tell({ what: 'came', events: gathered.current, skipped })
      gathered.current = []
      skipped = 0
    }
    const read = () =>
      readSeen(BEFORE).then(
        (events) => tell({ what: 'read', events, skipped: 0 }),
        (error: unknown) => tell({ what: 'failed', error }),
      )
    const stop = listen(STREAM, {
      onEvent: ({ event, data }) => {
        try {
          if (event === 'skipped') skipped += Number(data)
          else gathered.current.push(JSON.parse(data) as SeenEvent)
        } catch {
          return // a cut line
        }
        timer ??= setTimeout(flush, GATHER)
      },
      onState: (state) => {
        tell({ what: 'state', state })
        // What came before the stream stood, or while it was lost; or why there is none.
        if (state !== 'connecting') void read()
      },
    })
    return () => {
      stop()
      clearTimeout(timer)
      gathered.current = []
    }
  }, [])

  return { ...seen, pause: () => tell({ what: 'pause' }), clear: () => tell({ what: 'clear' }) }
}
