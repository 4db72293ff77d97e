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

interface CallOptions {
  body?: BodyInit
  type?: string // of the body
  signal?: AbortSignal
  silence?: string // what is told when no answer came
}

async function call<T>(method: string, path: string, options: CallOptions): Promise<T> {
  const { body, type, signal, silence = 'Motet did not answer. Is it running?' } = options
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
    throw new ApiError(0, 'network', silence)
  }
  if (answer.status === 401) askForKey()
  if (!answer.ok) throw await readError(answer)
  return (await answer.json()) as T
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>('GET', path, { signal })
}

export function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return call<T>('POST', path, { body: JSON.stringify(body), type: 'application/json', signal })
}

/** Sends a campaign document as it was written: JSON as JSON, everything else as YAML. */
export function postDocument<T>(path: string, text: string): Promise<T> {
  const type = text.trimStart().startsWith('{') ? 'application/json' : 'text/yaml'
  return call<T>('POST', path, { body: text, type })
}

/** Sends bytes as they are, such as a part of a file; `silence` is told when no answer came. */
export function postBytes<T>(path: string, body: Blob, silence: string, signal?: AbortSignal): Promise<T> {
  return call<T>('POST', path, { body, type: 'application/octet-stream', signal, silence })
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
