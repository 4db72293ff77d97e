/** The builder of rules over customers: used for segments, for filters of the customer list, for lifecycle stages. */

import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { vocabularyQuery } from '@/api/segments'
import type { Problem } from '@/api/types'
import { gapsIn, type Group } from '@/words/segments'

import { NO_VOCABULARY, RuleContext } from './context'
import { Compact } from './Compact'
import { GroupBox } from './GroupBox'

interface BuilderProps {
  group: Group
  problems: ReadonlyMap<string, readonly Problem[]> // by the id of the row
  onChange: (group: Group) => void
}

export function RuleBuilder({ group, problems, onChange }: BuilderProps) {
  const { data, error } = useQuery(vocabularyQuery)
  const tools = useMemo(
    () => ({ vocabulary: data ?? NO_VOCABULARY, problems, gaps: gapsIn(group) }),
    [data, problems, group],
  )
  return (
    <RuleContext value={tools}>
      {error && !data ? (
        <Text size="xs" c="dimmed" mb="xs">Names cannot be suggested just now ({error.message}); type them as you know them.</Text>
      ) : null}
      <Compact><GroupBox group={group} depth={0} event={null} onChange={onChange} /></Compact>
    </RuleContext>
  )
}
