/** A rule to be read: groups as lists, rows as phrases. */

import { Text } from '@mantine/core'
import { useMemo } from 'react'

import { type Group, MODE_WORDS, readWhere, sayRow } from '@/words/segments'
import { capital } from '@/words/reasons'

import classes from './rules.module.css'

export function RuleWords({ where }: { where: unknown }) {
  const group = useMemo(() => readWhere(where), [where])
  if (group.rules.length === 0) return <Text size="sm" data-testid="rule-words">Everyone: the rule asks nothing.</Text>
  return <div data-testid="rule-words"><Words group={group} lead="Customers for whom" /></div>
}

function Words({ group, lead }: { group: Group; lead: string }) {
  const only = group.rules.length === 1 && group.mode !== 'none'
  return (
    <>
      {!only && <Text size="sm" c="dimmed">{`${lead} ${MODE_WORDS[group.mode]} ${group.mode === 'any' ? 'holds' : 'hold'}:`.trim()}</Text>}
      <ul className={classes.words}>
        {group.rules.map((rule) => (
          <li key={rule.id}>{rule.kind === 'group' ? <Words group={rule} lead="" /> : capital(sayRow(rule))}</li>
        ))}
      </ul>
    </>
  )
}
