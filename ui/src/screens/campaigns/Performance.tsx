/** What each channel brought: the funnel, the channels side by side, and the last day by hour. */

import { useCurrency } from '@/api/currency'
import type { CampaignView } from '@/api/types'
import { Funnel, RATES_NOTE } from '@/parts/Funnel'
import { Panel } from '@/parts/Page'
import { SeriesChart } from '@/parts/SeriesChart'
import { Empty } from '@/parts/States'

import classes from './CampaignScreen.module.css'
import { ChannelBars } from './ChannelBars'

export function Performance({ campaign }: { campaign: CampaignView }) {
  const currency = useCurrency()
  const spoken = campaign.by_channel.filter((row) => row.sent + row.failed > 0)
  const noun = campaign.program_kind
  if (spoken.length === 0) {
    return (
      <Panel title="By channel">
        <Empty icon="overview" title="Nothing was sent yet">
          {campaign.status === 'draft'
            ? `Launch the ${noun}, and each channel gets its row here.`
            : 'The first message is still to come.'}
        </Empty>
      </Panel>
    )
  }
  return (
    <div className={classes.stack}>
      <Panel title="By channel" note={`Since the ${noun} began. ${RATES_NOTE}`} flush>
        <Funnel rows={spoken} currency={currency} />
      </Panel>
      <div className={classes.halves}>
        <Panel title="Channels side by side" note={`Shares of sent, since the ${noun} began`}>
          <ChannelBars rows={spoken} />
        </Panel>
        <Panel title="The last 24 hours" note={`Messages of this ${noun} by hour`}>
          <SeriesChart series={campaign.series} />
        </Panel>
      </div>
    </div>
  )
}
