/** Write keys: with one, a website, an app or a server sends events. */

import { queryOptions } from '@tanstack/react-query'

import { get, post } from './client'

export interface WriteKey {
  id: string
  name: string
  created_at: string
  revoked_at: string | null
  page: boolean // it stands where everybody can read it
}

export interface NewKey {
  id: string
  name: string
  key: string // told this once
  created_at: string
}

export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: async ({ signal }) => (await get<{ keys: WriteKey[] }>('/api/keys', signal)).keys,
})

export function addKey(name: string, page = false): Promise<NewKey> {
  return post<NewKey>('/api/keys', { name, page })
}
