/** Campaigns as rows: status, voices, and what they brought. */

import { Text } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'

import type { CampaignRow } from '@/api/types'
import { spoken } from '@/words/channels'
import { count, money, percent, share } from '@/words/numbers'

import classes from './CampaignTable.module.css'
import { ChannelRow } from './ChannelMark'
import { StatusBadge } from './StatusBadge'
import table from './table.module.css'

/** A journey has a screen of its own. */
function screenOf({ program_kind }: CampaignRow) {
  return program_kind === 'journey' ? '/journeys/$name' : '/campaigns/$name'
}

interface CampaignTableProps {
  campaigns: CampaignRow[]
  currency?: string | undefined
  label: string
}

export function CampaignTable({ campaigns, currency, label }: CampaignTableProps) {
  const navigate = useNavigate()
  return (
    <table className={`${table.table} ${classes.table}`} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Campaign</th>
          <th scope="col">Channels</th>
          <th scope="col" className={table.number}>In it now</th>
          <th scope="col" className={table.number}>Sent</th>
          <th scope="col" className={table.number}>Opened</th>
          <th scope="col" className={table.number}>Clicked</th>
          <th scope="col" className={table.number}>Converted</th>
          <th scope="col" className={table.number}>Revenue</th>
        </tr>
      </thead>
      <tbody>
        {campaigns.map((campaign) => (
          <tr
            key={campaign.name}
            data-testid="campaign-row"
            data-name={campaign.name}
            // The link in the first cell serves keyboards; the row only makes a larger target for a mouse.
            onClick={() => void navigate({ to: screenOf(campaign), params: { name: campaign.name } })}
          >
            <th scope="row">
              <span className={table.title}>
                <Link
                  to={screenOf(campaign)}
                  params={{ name: campaign.name }}
                  onClick={(event) => event.stopPropagation()}
                >
                  {campaign.title}
                </Link>
                <StatusBadge status={campaign.status} />
              </span>
              <Text size="xs" c="dimmed" component="span">{spoken(campaign.trigger)}</Text>
            </th>
            <td data-label="Channels"><ChannelRow channels={campaign.channels} /></td>
            <Figure label="In it now" value={count(campaign.active)} note={`of ${count(campaign.enrolled)}`} />
            <Figure label="Sent" value={count(campaign.sent)} />
            <Figure label="Opened" value={count(campaign.opened)} note={percent(share(campaign.opened, campaign.sent))} />
            <Figure label="Clicked" value={count(campaign.clicked)} note={percent(share(campaign.clicked, campaign.sent))} />
            <Figure label="Converted" value={count(campaign.converted)} />
            <Figure label="Revenue" value={money(campaign.revenue, currency)} />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Figure({ label, value, note }: { label: string; value: string; note?: string }) {
  return (
    <td className={`${table.number} ${classes.number}`} data-label={label}>
      <span className="numbers">{value}</span>
      {note !== undefined && <Text size="xs" c="dimmed" component="span" className="numbers">{note}</Text>}
    </td>
  )
}
