/** What every row of a builder may look up: the names that are known, and what is wrong or missing where. */

import { createContext, use } from 'react'

import type { Known, Vocabulary } from '@/api/segments'
import type { Problem } from '@/api/types'
import type { ValueKind } from '@/words/segments'

export interface RuleTools {
  vocabulary: Vocabulary
  problems: ReadonlyMap<string, readonly Problem[]> // by the id of the row
  gaps: ReadonlyMap<string, string>
}

export const NO_VOCABULARY: Vocabulary = { fields: [], events: [], segments: [], traits: [], tags: [], stages: [], topics: [] }

export const RuleContext = createContext<RuleTools>({ vocabulary: NO_VOCABULARY, problems: new Map(), gaps: new Map() })

export function useRules(): RuleTools {
  return use(RuleContext)
}

/** The fields that rows of a group compare: of the profile, or of the event that the group is about. */
export function useFields(event: string | null): Known[] {
  const { vocabulary } = useRules()
  if (event === null) return vocabulary.fields
  return vocabulary.events.find(({ name }) => name === event)?.properties ?? []
}

const KINDS: Record<string, ValueKind> = { number: 'number', truth: 'truth', moment: 'moment' }

/** The kind of value that a known field usually has. */
export function kindOfKnown(known: Known | undefined): ValueKind {
  return KINDS[known?.kind ?? ''] ?? 'text'
}

/** Values that were seen, as suggestions: short texts and numbers, each once. */
export function suggestions(known: Known | undefined): string[] {
  const seen = (known?.examples ?? []).filter((value) => typeof value === 'string' || typeof value === 'number')
  return [...new Set(seen.map(String))].filter((text) => text !== '' && text.length < 80)
}
