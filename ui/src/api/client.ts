/** One call to the API: JSON in, JSON out, and an `ApiError` for everything that went wrong. */

import { askForKey, currentKey } from './session'
import type { Problem } from './types'

export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problems: Problem[] = [],
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

export function requestHeaders(extra: Record<string, string> = {}): Record<string, string> {
  const key = currentKey()
  return key ? { ...extra, Authorization: `Bearer ${key}` } : extra
}

/** Reads an RFC 9457 problem; tolerates an answer that is none. */
export async function readError(answer: Response): Promise<ApiError> {
  let body: { title?: string; detail?: string; code?: string; problems?: Problem[] } = {}
  try {
    body = (await answer.json()) as typeof body
  } catch {
    // A proxy or a crash answered without JSON: the status has to do.
  }
  const message = body.detail ?? body.title ?? `The server answered ${answer.status}.`
  return new ApiError(answer.status, body.code ?? `http.${answer.status}`, message, body.problems ?? [])
}

async function call<T>(method: string, path: string, body?: string, type?: string, signal?: AbortSignal): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      headers: requestHeaders({ Accept: 'application/json', ...(type ? { 'Content-Type': type } : {}) }),
      body: body ?? null,
      signal: signal ?? null,
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, 'network', 'Motet did not answer. Is it running?')
  }
  if (answer.status === 401) askForKey()
  if (!answer.ok) throw await readError(answer)
  return (await answer.json()) as T
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>('GET', path, undefined, undefined, signal)
}

export function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return call<T>('POST', path, JSON.stringify(body), 'application/json', signal)
}

/** Sends a campaign document as it was written: JSON as JSON, everything else as YAML. */
export function postDocument<T>(path: string, text: string): Promise<T> {
  const type = text.trimStart().startsWith('{') ? 'application/json' : 'text/yaml'
  return call<T>('POST', path, text, type)
}

/** A path with a query; empty values are left out. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const parts = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parts.set(name, String(value))
  }
  const text = parts.toString()
  return text ? `${path}?${text}` : path
}
