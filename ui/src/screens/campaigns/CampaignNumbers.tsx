/** The campaign's big numbers since it began. */

import type { CampaignRow } from '@/api/types'
import { Stat, StatRow } from '@/parts/Stat'
import { count, money, percent, share, shortCount } from '@/words/numbers'

export function CampaignNumbers({ campaign, currency }: { campaign: CampaignRow; currency: string | undefined }) {
  const { enrolled, active, sent, delivered, opened, clicked, converted, revenue, failed } = campaign
  return (
    <StatRow>
      <Stat label="Enrolled" value={shortCount(enrolled)} note={`${count(active)} in it now`} color="var(--good)" testid="stat-enrolled" />
      <Stat label="Sent" value={shortCount(sent)} note={`${count(failed)} failed`} color="var(--sent)" testid="stat-sent" />
      <Stat label="Delivered" value={shortCount(delivered)} note="confirmed by providers" color="var(--delivered)" testid="stat-delivered" />
      <Stat label="Opened" value={shortCount(opened)} rate={percent(share(opened, sent))} note="of sent" color="var(--opened)" testid="stat-opened" />
      <Stat label="Clicked" value={shortCount(clicked)} rate={percent(share(clicked, sent))} note="of sent" color="var(--clicked)" testid="stat-clicked" />
      <Stat label="Converted" value={shortCount(converted)} rate={percent(share(converted, sent))} note={`${money(revenue, currency)} revenue`} color="var(--converted)" testid="stat-converted" />
    </StatRow>
  )
}
