/** Statuses in the groups that lists are filtered by. Pure. */

import type { CampaignStatus } from '@/api/types'

export type Filter = 'all' | 'afoot' | 'draft' | 'over'

export const FILTERS: { value: Filter; label: string; statuses: CampaignStatus[] }[] = [
  { value: 'all', label: 'All', statuses: [] },
  { value: 'afoot', label: 'Under way', statuses: ['running', 'scheduled', 'paused'] },
  { value: 'draft', label: 'Drafts', statuses: ['draft'] },
  { value: 'over', label: 'Over', statuses: ['completed', 'cancelled'] },
]
