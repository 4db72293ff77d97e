/** `5 min ago`, kept true while one looks, with the exact time to those who point at it. */

import { useSyncExternalStore } from 'react'

import { ago, full } from '@/words/moments'

const EVERY = 5_000 // ms; `12 s ago` need not be truer than that
let now = Date.now()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function tick(): void {
  now = Date.now()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  if (!timer) {
    now = Date.now() // it stood still while nobody looked
    timer = setInterval(tick, EVERY)
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The present, one clock for the whole screen, in steps of some seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}

export function Moment({ at, prefix = '' }: { at: string | null | undefined; prefix?: string }) {
  const present = useNow()
  if (!at) return <span>–</span>
  return (
    <time dateTime={at} title={full(at)}>
      {prefix}
      {ago(at, present)}
    </time>
  )
}
