/** Refreshes the list when messages arrive, at most once in half a second however many come. */

import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

import { listen } from '@/api/stream'

const GATHER = 500 // ms

export function useArrivals(): void {
  const client = useQueryClient()
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const refresh = () => {
      timer = undefined
      void client.invalidateQueries({ queryKey: ['outbox', 'list'] })
    }
    const stop = listen('/api/outbox/stream', {
      onEvent: () => {
        timer ??= setTimeout(refresh, GATHER)
      },
      // What arrived while nobody listened is fetched when the stream stands again.
      onState: (state) => {
        if (state === 'live') refresh()
      },
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client])
}
