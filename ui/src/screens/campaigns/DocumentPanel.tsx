/** The campaign's document as it is kept, to read, copy and edit. */

import { Code, Group } from '@mantine/core'

import type { CampaignView } from '@/api/types'
import { Copy } from '@/parts/Copy'
import { Icon } from '@/parts/Icon'
import { ButtonLink } from '@/parts/links'
import { Panel } from '@/parts/Page'
import { toYaml } from '@/words/yaml'

export function DocumentPanel({ campaign }: { campaign: CampaignView }) {
  const text = toYaml(campaign.document)
  return (
    <Panel
      title="Document"
      note={`Revision ${campaign.revision}. The same text serves motet apply.`}
      aside={
        <Group gap="xs">
          <Copy value={text} />
          <ButtonLink
            size="xs"
            variant="light"
            to="/new-campaign"
            search={{ edit: campaign.name }}
            leftSection={<Icon name="edit" size={14} />}
            data-testid="edit-button"
          >
            Edit
          </ButtonLink>
        </Group>
      }
    >
      <Code block tabIndex={0} style={{ maxHeight: 640, overflow: 'auto' }}>{text}</Code>
    </Panel>
  )
}
