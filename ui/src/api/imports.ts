/** Imports: what the API says of them, and how a file gets there. */

import { queryOptions } from '@tanstack/react-query'

import { ApiError, get, post, postBytes, readError, requestHeaders, withQuery } from './client'
import { askForKey } from './session'
import type { Problem } from './types'

export type ImportKind = 'customers' | 'events'
export type ImportStatus = 'waiting' | 'running' | 'interrupted' | 'done' | 'refused' | 'stopped'

/** How a file is to be read. */
export interface ImportOptions {
  mapping?: Record<string, string>
  event?: string | null // what events of rows without a name are called
  live?: boolean // events may start journeys
}

export interface ImportView {
  id: string
  kind: ImportKind
  name: string
  status: ImportStatus
  size: number // bytes
  position: number // bytes that are committed
  rows: number
  accepted: number
  changed: number
  rejected: number
  rows_per_second: number | null
  started_at: string
  updated_at: string
  finished_at: string | null
  error: string | null
  options: ImportOptions
  requested_by: string
  rejects_at: string | null // a file on the machine of the command line
}

export interface Reject {
  row: number
  field: string
  reason: string
  code: string
  fix: string
}

export interface ImportColumn {
  name: string
  target: string // a field; `-` leaves the column out
  samples: string[]
}

export interface ImportField {
  name: string
  is_map: boolean // a name follows after a dot
}

export interface ImportPreview {
  form: 'csv' | 'json_lines' | 'calls'
  delimiter: string
  columns: ImportColumn[]
  rows: string[][]
  fields: ImportField[]
  problems: Problem[] // while there are any, the import cannot be started
  checked: number
  accepted: number
  rejects: Reject[]
}

export interface ImportWish extends ImportOptions {
  kind: ImportKind
  again?: boolean
}

const PREVIEWED = 512 * 1024 // bytes of the beginning of a file
const MOVING = 1_000 // ms between two looks at an import that runs

export const importsQuery = queryOptions({
  queryKey: ['imports'],
  queryFn: async ({ signal }) => (await get<{ imports: ImportView[] }>('/api/imports', signal)).imports,
  refetchInterval: ({ state }) => (state.data?.some(isMoving) ? MOVING : 5 * MOVING),
})

export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ['imports', id],
    queryFn: ({ signal }) => get<ImportView>(`/api/imports/${encodeURIComponent(id)}`, signal),
    refetchInterval: ({ state }) => (state.data === undefined || isMoving(state.data) ? MOVING : false),
  })

/** The first lines of the rejects; asked for anew when there are more, and when the import is over. */
export const rejectsQuery = ({ id, rejected, status }: ImportView) =>
  queryOptions({
    queryKey: ['imports', id, 'rejects', Math.min(rejected, SHOWN_REJECTS), status],
    queryFn: async ({ signal }) =>
      (await get<{ rejects: Reject[] }>(withQuery(`/api/imports/${id}/rejects/first`, { limit: SHOWN_REJECTS }), signal)).rejects,
    enabled: status !== 'waiting',
  })

export const SHOWN_REJECTS = 100

export function isMoving(one: ImportView): boolean {
  return one.status === 'waiting' || one.status === 'running'
}

export function stopImport(id: string): Promise<ImportView> {
  return post<ImportView>(`/api/imports/${id}/stop`, {})
}

/** What the beginning of a file would be read as. */
export function previewFile(file: File, wish: ImportWish, signal?: AbortSignal): Promise<ImportPreview> {
  const path = withQuery('/api/imports/preview', { ...spell(wish), whole: file.size <= PREVIEWED ? 'true' : undefined })
  const silence = 'Motet did not answer, or the file cannot be read any more.'
  return postBytes<ImportPreview>(path, file.slice(0, PREVIEWED), silence, signal)
}

/** Sends a whole file. `tell` hears the share that is sent, from 0 to 1, which `fetch` could not say. */
export function sendFile(file: File, wish: ImportWish, tell: (share: number) => void, signal: AbortSignal): Promise<{ id: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', withQuery('/api/imports', { ...spell(wish), name: file.name }))
    for (const [name, value] of Object.entries(requestHeaders({ Accept: 'application/json' }))) request.setRequestHeader(name, value)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.onprogress = (event) => tell(event.lengthComputable && event.total > 0 ? event.loaded / event.total : 0)
    request.onerror = () => reject(new ApiError(0, 'network', 'The file could not be sent: the connection ended, or the file cannot be read any more.'))
    request.onabort = () => reject(new ApiError(0, 'aborted', 'Sending was stopped.'))
    request.onload = () => void settle(request).then(resolve, reject)
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}

async function settle(request: XMLHttpRequest): Promise<{ id: string }> {
  if (request.status === 401) askForKey()
  if (request.status >= 200 && request.status < 300) return JSON.parse(request.responseText) as { id: string }
  throw await readError(new Response(request.responseText || '{}', { status: request.status || 500 }))
}

function spell({ kind, mapping, event, live, again }: ImportWish): Record<string, string | undefined> {
  const pairs = Object.keys(mapping ?? {}).length > 0 ? JSON.stringify(mapping) : undefined
  const events = kind === 'events'
  return {
    kind,
    mapping: pairs,
    event: events && event ? event : undefined,
    live: events && live ? 'true' : undefined,
    again: again ? 'true' : undefined,
  }
}

/** The rejects as a file; a plain link could not carry the key. */
export async function fetchRejects(id: string): Promise<Blob> {
  const answer = await fetch(`/api/imports/${encodeURIComponent(id)}/rejects`, { headers: requestHeaders() })
  if (!answer.ok) throw await readError(answer)
  return answer.blob()
}
