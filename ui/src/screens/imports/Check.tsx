/** What the import would take and refuse, from the first rows. */

import { Alert, List, Text } from '@mantine/core'

import type { ImportKind, ImportPreview } from '@/api/imports'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { ProblemList } from '@/parts/ProblemList'
import { count, plural } from '@/words/numbers'

const SHOWN = 6 // rejects

export function Check({ preview, stale, kind }: { preview: ImportPreview; stale: boolean; kind: ImportKind }) {
  return (
    <Panel title="Check" testid="import-check">
      <div role="status" style={{ opacity: stale ? 0.55 : 1 }}><Findings preview={preview} kind={kind} /></div>
    </Panel>
  )
}

function Findings({ preview, kind }: { preview: ImportPreview; kind: ImportKind }) {
  const { problems, checked, accepted, rejects } = preview
  if (problems.length > 0) {
    const told = problems.map((problem) => ({ ...problem, path: '', fix: FIXES[problem.code] ?? problem.fix }))
    return (
      <Alert color="red" icon={<Icon name="warning" />} title="It cannot be read like this" data-testid="check-bad">
        <ProblemList problems={told} />
      </Alert>
    )
  }
  if (rejects.length === 0) {
    return (
      <Alert icon={<Icon name="check" />} title="Nothing is wrong" data-testid="check-good">
        <Text size="sm">{looked(checked)} All of them are taken.</Text>
      </Alert>
    )
  }
  return (
    <Alert color="saffron" icon={<Icon name="warning" />} title="Some rows would be refused" data-testid="check-some">
      <Text size="sm" mb="xs">
        {looked(checked)} {plural(accepted, kind === 'events' ? 'event is' : 'customer is', kind === 'events' ? 'events are' : 'customers are')} taken.
        Rows that are refused cost the others nothing; you can fetch them afterwards.
      </Text>
      <List size="sm" spacing={6} listStyleType="none">
        {rejects.slice(0, SHOWN).map((reject, place) => (
          <List.Item key={place} data-testid="preview-reject">
            <b>Row {count(reject.row)}{reject.field ? `, ${reject.field}` : ''}</b>: {reject.reason}
            {reject.fix ? <Text size="xs" c="dimmed">Fix: {reject.fix}</Text> : null}
          </List.Item>
        ))}
      </List>
      {rejects.length > SHOWN && <Text size="sm" c="dimmed" mt={6}>and {count(rejects.length - SHOWN)} more</Text>}
    </Alert>
  )
}

/** On a screen one chooses above; the options of the command line would only confuse. */
const FIXES: Record<string, string> = {
  'import.no_time': 'choose “When it happened” for one of the columns',
  'import.no_event': 'say above what each row is, or choose “What happened” for one of the columns',
  'import.no_identifier': 'choose the customer id, the email or the phone for one of the columns',
}

function looked(checked: number): string {
  return checked === 1 ? 'One row was looked at.' : `The first ${count(checked)} rows were looked at.`
}
