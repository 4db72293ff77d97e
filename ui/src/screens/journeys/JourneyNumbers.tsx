/** The journey's big numbers since it began. */

import type { CampaignRow } from '@/api/types'
import { Stat, StatRow } from '@/parts/Stat'
import { count, money, percent, share, shortCount } from '@/words/numbers'

export function JourneyNumbers({ journey, currency }: { journey: CampaignRow; currency: string | undefined }) {
  const { enrolled, active, reached, sent, opened, converted, revenue } = journey
  return (
    <StatRow number={4}>
      <Stat label="Enrolled" value={shortCount(enrolled)} note={`${count(active)} in it now`} color="var(--good)" testid="stat-enrolled" />
      <Stat label="Reached the goal" value={shortCount(reached)} rate={percent(share(reached, enrolled))} note="of enrolled, since it began" color="var(--converted)" testid="stat-reached" />
      <Stat label="Messages sent" value={shortCount(sent)} note={`${count(opened)} opened, since it began`} color="var(--sent)" testid="stat-sent" />
      <Stat label="Converted" value={shortCount(converted)} rate={percent(share(converted, sent))} note={`of sent; ${money(revenue, currency)} revenue`} color="var(--clicked)" testid="stat-converted" />
    </StatRow>
  )
}
