/** Text on the left, what is wrong with it on the right; saving is open when nothing is. */

import { Alert, Button, Code, Group, List, Stack, Text, Textarea } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { postDocument } from '@/api/client'
import { judge, type Verdict } from '@/api/judge'
import type { Applied } from '@/api/types'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { ProblemList } from '@/parts/ProblemList'
import { Failure } from '@/parts/States'
import { plural } from '@/words/numbers'

import classes from './NewCampaignScreen.module.css'

export function DocumentEditor({ start }: { start: string }) {
  const [text, setText] = useState(start)
  const [settled] = useDebouncedValue(text, 500)
  const client = useQueryClient()
  const navigate = useNavigate()
  const check = useQuery({
    queryKey: ['documents', settled],
    queryFn: () => judge(settled),
    enabled: settled.trim() !== '',
    retry: false,
    gcTime: 60_000,
  })
  const save = useMutation({
    mutationFn: () => postDocument<Applied>('/api/campaigns', text),
    onSuccess: async ({ name, changed }) => {
      await client.invalidateQueries({ queryKey: ['campaigns'] })
      notifications.show({ message: changed ? `“${name}” is saved. Nothing is sent before you launch it.` : `“${name}” was so already.` })
      await navigate({ to: '/campaigns/$name', params: { name } })
    },
  })
  const fresh = settled === text && !check.isFetching
  const good = fresh && check.data?.problems.length === 0

  return (
    <div className={classes.editor}>
      <Panel title="Document" note="YAML or JSON">
        <Textarea
          aria-label="Campaign document"
          placeholder={'name: spring-greeting\ntitle: Spring greeting\nsegments: [previous_customer]\nmessages:\n  - name: hello\n    channel: email\n    content: {subject: Hello, html: "<p>…</p>"}'}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autosize
          minRows={18}
          maxRows={32}
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.8125rem', lineHeight: 1.55 } }}
          data-testid="document-editor"
        />
      </Panel>
      <div className={classes.side}>
        <Panel title="Check">
          <Stack>
            {settled.trim() === '' ? (
              <Text size="sm" c="dimmed">Choose a blueprint above, or write; problems are listed here as you go.</Text>
            ) : (
              <Findings verdict={check.data} error={check.error} fresh={fresh} />
            )}
            {save.error ? <Failure error={save.error} /> : null}
            <Group>
              <Button disabled={!good} loading={save.isPending} onClick={() => save.mutate()} data-testid="save-button">
                {saveLabel(check.data?.plan)}
              </Button>
            </Group>
          </Stack>
        </Panel>
      </div>
    </div>
  )
}

function saveLabel(plan: Applied | null | undefined): string {
  if (plan?.action === 'update') return 'Save as a new revision'
  if (plan?.action === 'unchanged') return 'Open the campaign'
  return 'Save as a draft'
}

function Findings({ verdict, error, fresh }: { verdict: Verdict | undefined; error: unknown; fresh: boolean }) {
  if (!fresh) return <Text size="sm" c="dimmed" role="status">Checking…</Text>
  if (error) return <Failure error={error} />
  if (!verdict) return null
  if (verdict.problems.length > 0) {
    return (
      <Alert color="red" icon={<Icon name="warning" />} title={plural(verdict.problems.length, 'problem')} data-testid="check-bad">
        <ProblemList problems={verdict.problems} />
      </Alert>
    )
  }
  return (
    <Alert icon={<Icon name="check" />} title="Nothing is wrong with it" data-testid="check-good">
      {verdict.plan && <Plan plan={verdict.plan} />}
    </Alert>
  )
}

function Plan({ plan }: { plan: Applied }) {
  if (plan.action === 'create') return <Text size="sm">Saving makes the draft <Code>{plan.name}</Code>.</Text>
  if (plan.action === 'unchanged') return <Text size="sm"><Code>{plan.name}</Code> is exactly so already.</Text>
  return (
    <>
      <Text size="sm">Saving changes <Code>{plan.name}</Code>, which exists:</Text>
      <List size="sm" mt={6}>
        {(plan.changes ?? []).slice(0, 12).map((path) => <List.Item key={path}><Code>{path}</Code></List.Item>)}
      </List>
    </>
  )
}
