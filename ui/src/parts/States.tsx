/** What stands where there is nothing to show yet, or nothing any more. */

import { Alert, Button, Skeleton, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

import { ApiError } from '@/api/client'

import { Icon, type IconName } from './Icon'
import { ButtonLink } from './links'
import { ProblemList } from './ProblemList'
import classes from './States.module.css'

interface EmptyProps {
  icon: IconName
  title: string
  children?: ReactNode // why it is empty, in a sentence
  action?: ReactNode // what to do next
}

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className={classes.empty} data-testid="empty-state">
      <span className={classes.sign}>
        <Icon name={icon} size={26} />
      </span>
      <Title order={3}>{title}</Title>
      {children !== undefined && <Text size="sm" c="dimmed" maw={440} component="div">{children}</Text>}
      {action !== undefined && <div className={classes.action}>{action}</div>}
    </div>
  )
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const title = messageOf(error)
  const problems = error instanceof ApiError ? error.problems : []
  // A refusal with one cause says it twice, as its title and as its only problem.
  const only = problems.length === 1 && problems[0]?.message === title ? problems[0] : null
  return (
    <Alert color="red" icon={<Icon name="warning" />} title={title} role="alert" data-testid="failure">
      <Stack gap="sm" align="flex-start">
        {only?.fix ? <Text size="sm" c="dimmed">Fix: {only.fix}</Text> : null}
        {problems.length > 0 && !only && <ProblemList problems={problems} />}
        {retry && <Button size="xs" variant="default" onClick={retry}>Try again</Button>}
      </Stack>
    </Alert>
  )
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.'
}

export function Lost({ what }: { what: string }) {
  return (
    <Empty
      icon="search"
      title={`There is no such ${what}`}
      action={<ButtonLink to="/" variant="light">To the overview</ButtonLink>}
    >
      The address may be mistyped, or what it named is gone.
    </Empty>
  )
}

/** Grey rows in the place of a list that is on its way. */
export function LoadingRows({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  return (
    <Stack gap="xs" aria-busy="true" aria-label="Loading" p="md">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} radius="md" />
      ))}
    </Stack>
  )
}
