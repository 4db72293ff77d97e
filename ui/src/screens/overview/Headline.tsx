/** The big numbers: since the start, and in the last hour. */

import { Text } from '@mantine/core'

import type { Overview, Totals } from '@/api/types'
import { Stat, StatRow } from '@/parts/Stat'
import { count, money, percent, share, shortCount } from '@/words/numbers'

const SHOWN = [
  { key: 'sent', label: 'Sent', of: null },
  { key: 'delivered', label: 'Delivered', of: 'sent' },
  { key: 'opened', label: 'Opened', of: 'delivered' },
  { key: 'clicked', label: 'Clicked', of: 'delivered' },
  { key: 'converted', label: 'Converted', of: null },
] as const satisfies readonly { key: keyof Totals; label: string; of: keyof Totals | null }[]

export function Headline({ overview: { totals, last_hour: hour, currency } }: { overview: Overview }) {
  return (
    <section aria-labelledby="since">
      <Text id="since" component="h2" size="sm" fw={550} c="dimmed" m={0} mb={8}>Since the start, all campaigns</Text>
      <StatRow>
        {SHOWN.map(({ key, label, of }) => (
          <Stat
            key={key}
            label={label}
            value={shortCount(totals[key])}
            {...(of ? { rate: percent(share(totals[key], totals[of])) } : {})}
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
