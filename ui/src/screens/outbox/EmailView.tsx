/** An email as a mail program shows it. The frame runs no script and reaches nothing of ours. */

import { Group, SegmentedControl, Table } from '@mantine/core'
import { useState } from 'react'

import type { OutboxMessage } from '@/api/types'
import { Empty } from '@/parts/States'
import { framePage, headerPairs } from '@/words/letters'

import classes from './EmailView.module.css'
import { LinkedText } from './LinkedText'

type View = 'html' | 'narrow' | 'text' | 'headers'

const VIEWS: { value: View; label: string }[] = [
  { value: 'html', label: 'Desktop' },
  { value: 'narrow', label: 'Phone' },
  { value: 'text', label: 'Plain text' },
  { value: 'headers', label: 'Headers' },
]

export function EmailView({ message }: { message: OutboxMessage }) {
  const [view, setView] = useState<View>(message.html ? 'html' : 'text')
  return (
    <div className={classes.email}>
      <Group justify="flex-end" px="md" py="xs">
        <SegmentedControl size="xs" value={view} onChange={(value) => setView(value)} data={VIEWS} aria-label="Show as" data-testid="email-view" />
      </Group>
      {(view === 'html' || view === 'narrow') && <Html html={message.html} narrow={view === 'narrow'} subject={message.subject ?? message.title} />}
      {view === 'text' && (
        <pre className={classes.text} data-testid="email-text">
          {message.text ? <LinkedText text={message.text} /> : 'This email has no text part.'}
        </pre>
      )}
      {view === 'headers' && <Headers message={message} />}
    </div>
  )
}

function Html({ html, narrow, subject }: { html: string | null | undefined; narrow: boolean; subject: string }) {
  if (!html) return <Empty icon="email" title="This email has no HTML part" />
  return (
    <div className={classes.stage} data-narrow={narrow}>
      <iframe
        className={classes.frame}
        title={`Email: ${subject}`}
        srcDoc={framePage(html)}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
        data-testid="email-frame"
      />
    </div>
  )
}

function Headers({ message }: { message: OutboxMessage }) {
  return (
    <div className={classes.headers}>
      <Table verticalSpacing={6} data-testid="email-headers">
        <Table.Tbody>
          {headerPairs(message.headers).map(([name, value], place) => (
            <Table.Tr key={place}>
              <Table.Th className={classes.headerName}>{name}</Table.Th>
              <Table.Td className={classes.headerValue}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
