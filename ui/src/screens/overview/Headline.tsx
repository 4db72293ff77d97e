/** The big numbers: since the start, and in the last hour. */

import { Text } from '@mantine/core'

import type { Overview, Totals } from '@/api/types'
import { Stat, StatRow } from '@/parts/Stat'
import { count, money, percent, share, shortCount } from '@/words/numbers'

const SHOWN = [
  { key: 'sent', label: 'Sent', rated: false },
  { key: 'delivered', label: 'Delivered', rated: false }, // not every provider reports it
  { key: 'opened', label: 'Opened', rated: true },
  { key: 'clicked', label: 'Clicked', rated: true },
  { key: 'converted', label: 'Converted', rated: true },
] as const satisfies readonly { key: keyof Totals; label: string; rated: boolean }[]

export function Headline({ overview: { totals, last_hour: hour, currency } }: { overview: Overview }) {
  return (
    <section aria-labelledby="since">
      <Text id="since" component="h2" size="sm" fw={400} c="dimmed" m={0} mb={8}>Since the start, all campaigns. Rates are shares of sent; delivered counts what providers confirm.</Text>
      <StatRow>
        {SHOWN.map(({ key, label, rated }) => (
          <Stat
            key={key}
            label={label}
            value={shortCount(totals[key])}
            {...(rated ? { rate: percent(share(totals[key], totals.sent)) } : {})}
            color={`var(--${key})`}
            note={`${count(hour[key])} in the last hour`}
            testid={`stat-${key}`}
          />
        ))}
        <Stat
          label={currency ? `Revenue, ${currency}` : 'Revenue'}
          value={money(totals.revenue, currency)}
          color="var(--converted)"
          note={`${money(hour.revenue, currency)} in the last hour`}
          testid="stat-revenue"
        />
      </StatRow>
    </section>
  )
}
