/** The brand's currency, as the overview names it. */

import { useQuery } from '@tanstack/react-query'

import { overviewQuery } from './queries'

/** An ISO 4217 code; undefined when the API names none, and amounts then stand without a sign. */
export function useCurrency(): string | undefined {
  return useQuery({ ...overviewQuery, select: (overview) => overview.currency }).data
}
