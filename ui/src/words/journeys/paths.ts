/** What an enrollment keeps, in words. Pure. */

import type { EnrollmentPath } from '@/api/journeys'

import { stepTitle } from './kinds'

export function sayKept({ kind, name, value }: EnrollmentPath['kept'][number]): string {
  switch (kind) {
    case 'split':
      return `${stepTitle(name)}: took ${text(value)}`
    case 'experiment':
      return `Experiment ${name}: ${text(value)}`
    case 'answer': {
      const status = field(value, 'status')
      return `${stepTitle(name)}: answered${status === undefined ? '' : ` with ${text(status)}`}`
    }
    case 'event':
      return `${stepTitle(name)}: the event came`
    case 'digest': {
      const count = field(value, 'count')
      return `Digest: ${count === undefined ? '' : text(count)} events collected`
    }
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
}
