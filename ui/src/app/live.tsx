/** Keeps the overview fresh from the live stream, and tells every screen whether the stream stands. */

import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useState } from 'react'

import { overviewQuery } from '@/api/queries'
import { listen, type StreamState } from '@/api/stream'
import type { Overview } from '@/api/types'

const Live = createContext<StreamState>('connecting')

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<StreamState>('connecting')

  useEffect(
    () =>
      listen('/api/live', {
        onState: setState,
        onEvent: ({ event, data }) => {
          if (event !== 'overview') return
          try {
            client.setQueryData(overviewQuery.queryKey, JSON.parse(data) as Overview)
          } catch {
            // A cut line: the next one is whole.
          }
        },
      }),
    [client],
  )
  return <Live value={state}>{children}</Live>
}

export function useLive(): StreamState {
  return use(Live)
}
