/** What the server says of a document: everything that is wrong with it, or what saving it would do. */

import { ApiError, postDocument } from './client'
import type { Applied, Problem } from './types'

export interface Verdict {
  problems: Problem[]
  plan: Applied | null // what saving would do; null while there are problems
}

/** Asks for all problems at once, and only when there are none what saving would change. */
export async function judge(text: string): Promise<Verdict> {
  try {
    const { problems } = await postDocument<{ problems: Problem[] }>('/api/campaigns/validate', text)
    if (problems.length > 0) return { problems, plan: null }
    return { problems, plan: await postDocument<Applied>('/api/campaigns?dry_run=true', text) }
  } catch (error) {
    if (error instanceof ApiError && error.problems.length > 0) return { problems: error.problems, plan: null }
    throw error
  }
}
