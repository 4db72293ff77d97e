/** The campaign's document as it is kept, to read, copy and edit. */

import { Button, Code, CopyButton, Group } from '@mantine/core'

import type { CampaignView } from '@/api/types'
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
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy} leftSection={<Icon name={copied ? 'check' : 'copy'} size={14} />}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
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
