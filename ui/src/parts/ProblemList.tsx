/** Problems as the API names them: where, what, and the fix. */

import { Code, List, Text } from '@mantine/core'

import type { Problem } from '@/api/types'

export function ProblemList({ problems }: { problems: readonly Problem[] }) {
  return (
    <List spacing="xs" size="sm" listStyleType="none" data-testid="problems">
      {problems.map((problem, place) => (
        <List.Item key={`${problem.code}:${problem.path ?? ''}:${place}`} data-testid="problem-row">
          {problem.path ? <Code mr={6}>{problem.path}</Code> : null}
          <Text span size="sm">{problem.message}</Text>
          {problem.fix ? <Text size="sm" c="dimmed">Fix: {problem.fix}</Text> : null}
        </List.Item>
      ))}
    </List>
  )
}
