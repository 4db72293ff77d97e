/** Why messages were held or dropped, in words, the most frequent first. */

import { Badge, Text } from '@mantine/core'

import type { ReasonCount } from '@/api/types'
import { ChannelLabel } from '@/parts/ChannelMark'
import { Panel } from '@/parts/Page'
import { Empty } from '@/parts/States'
import { capital, reasonHint, reasonPhrase, verdictName } from '@/words/reasons'
import { plural } from '@/words/numbers'

import classes from './Reasons.module.css'

export function Reasons({ reasons }: { reasons: ReasonCount[] }) {
  const shown = reasons.filter(({ verdict }) => verdict !== 'send').toSorted((a, b) => b.count - a.count)
  return (
    <Panel title="Held and dropped" note="Decisions since it began. Held is asked again; dropped is final.">
      {shown.length === 0 ? (
        <Empty icon="scale" title="Nothing was held or dropped">Every message that was decided on went out.</Empty>
      ) : (
        <ul className={classes.list}>
          {shown.map((row) => (
            <li key={`${row.verdict}:${row.reason}:${row.channel ?? ''}`} className={classes.row} data-testid="reason-row" data-reason={row.reason}>
              <Badge color={row.verdict === 'hold' ? 'saffron' : 'red'} tt="none" className={classes.verdict}>
                {verdictName(row.verdict)}
              </Badge>
              <div className={classes.words}>
                <Text size="sm">{capital(reasonPhrase({ code: row.reason, text: row.text }))}.</Text>
                {reasonHint(row.reason) && <Text size="xs" c="dimmed">{reasonHint(row.reason)}</Text>}
              </div>
              <span className={classes.channel}>{row.channel && <ChannelLabel channel={row.channel} />}</span>
              <Text size="sm" fw={600} className={`numbers ${classes.count ?? ''}`}>{plural(row.count, 'time')}</Text>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
