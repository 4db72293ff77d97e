/** Counts a rule while it is built: waits for a pause in the typing, asks, and finds the row of each problem. */

import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { ApiError } from '@/api/client'
import { type Preview, previewQuery } from '@/api/segments'
import type { Problem } from '@/api/types'
import { gapsIn, type Group, placeProblems, type PlacedProblems, writeWhere } from '@/words/segments'

const PAUSE = 400 // ms without a change before the rule is asked

export interface Asked {
  preview: Preview | undefined
  counting: boolean // the number in sight is not yet that of the rule in sight
  waiting: number // rows that must be filled in first
  problems: readonly Problem[] // what is wrong with the rule
  placed: PlacedProblems // the same, each at its row
  error: unknown // anything but problems with the rule
  retry: () => void
}

export function useRule(group: Group): Asked {
  const [settled] = useDebouncedValue(group, PAUSE)
  const { where, places } = useMemo(() => writeWhere(settled), [settled])
  const waiting = useMemo(() => gapsIn(group).size, [group])
  const ready = useMemo(() => gapsIn(settled).size === 0, [settled])
  const { data, error, isFetching, isPlaceholderData, refetch } = useQuery({ ...previewQuery(where), enabled: ready })
  const refused = ready && error instanceof ApiError && error.problems.length > 0 && error.status === 400
  const problems = refused ? error.problems : NO_PROBLEMS
  const placed = useMemo(() => placeProblems(problems, places, settled.id), [problems, places, settled])
  return {
    preview: data,
    waiting,
    counting: settled !== group || isFetching || isPlaceholderData,
    problems,
    placed,
    error: refused ? null : error,
    retry: () => void refetch(),
  }
}

const NO_PROBLEMS: Problem[] = []
