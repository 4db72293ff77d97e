/** The filter that holds, in words, with what can be done about it. */

import { Alert, Button, Group, Text } from '@mantine/core'

import { Icon } from '@/parts/Icon'
import { AnchorLink, ButtonLink } from '@/parts/links'
import { capital } from '@/words/reasons'
import { describe } from '@/words/segments'

import type { CustomerSearch } from './CustomersScreen'

interface LineProps extends CustomerSearch {
  q: string
  onChange: (next: CustomerSearch) => void
  onOpen: () => void
}

/** The conditions and the segment as one rule; what is typed in the search is no part of it. */
function ruleOf({ segment, where }: CustomerSearch): object {
  const member = segment === undefined ? null : { segments: segment }
  if (!member) return where ?? {}
  return where === undefined ? member : { $and: [member, where] }
}

export function FilterLine({ segment, where, q, onChange, onOpen }: LineProps) {
  return (
    <Alert color="gray" icon={<Icon name="filter" />} mb="md" data-testid="filter-line">
      <Group justify="space-between" gap="xs">
        <Text size="sm" style={{ overflowWrap: 'anywhere', flex: '1 1 16rem' }}>
          {segment !== undefined && <>In <AnchorLink to="/segments/$name" params={{ name: segment }} size="sm">{segment}</AnchorLink></>}
          {segment !== undefined && where !== undefined ? ', and ' : ''}
          {where !== undefined && (segment === undefined ? capital(describe(where)) : describe(where))}
        </Text>
        <Group gap={6}>
          <Button size="compact-sm" variant="subtle" onClick={onOpen}>Change</Button>
          <ButtonLink
            size="compact-sm"
            variant="subtle"
            to="/new-segment"
            search={{ where: ruleOf({ segment, where }) }}
            title={q ? 'The words in the search are left out' : undefined}
            data-testid="save-as-segment"
          >
            Save as a segment
          </ButtonLink>
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => onChange({ segment: undefined, where: undefined })} data-testid="clear-filter">
            Clear
          </Button>
        </Group>
      </Group>
    </Alert>
  )
}
