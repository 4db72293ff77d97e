/** The campaigns and journeys that the customer is or was in. */

import { Badge, Text } from '@mantine/core'

import type { EnrollmentView } from '@/api/types'
import { AnchorLink } from '@/parts/links'
import { Moment } from '@/parts/Moment'
import { Panel } from '@/parts/Page'
import { sentence } from '@/words/channels'

import classes from './CustomerScreen.module.css'

const COLORS: Record<EnrollmentView['status'], string> = {
  active: 'verdigris',
  completed: 'gray',
  exited: 'gray',
  quarantined: 'red',
}

export function Enrollments({ enrollments, customer }: { enrollments: EnrollmentView[]; customer: string }) {
  return (
    <Panel title="Campaigns and journeys" testid="enrollments">
      {enrollments.length === 0 ? (
        <Text size="sm" c="dimmed">In none so far.</Text>
      ) : (
        <ul className={classes.plain}>
          {enrollments.map((enrollment) => (
            <li key={enrollment.id} className={classes.row} data-testid="enrollment-row">
              <div>
                <AnchorLink
                  to="/campaigns/$name"
                  params={{ name: enrollment.campaign }}
                  fw={600}
                  size="sm"
                  c="var(--ink)"
                >
                  {enrollment.title}
                </AnchorLink>
                <Text size="xs" c="dimmed">
                  {enrollment.status === 'active' ? (
                    <>
                      {enrollment.step_name ? `At “${sentence(enrollment.step_name)}”` : `At step ${enrollment.step + 1}`}
                      {enrollment.due_at && <Moment at={enrollment.due_at} prefix=", goes on " />}
                    </>
                  ) : (
                    <>
                      <Moment at={enrollment.entered_at} prefix="Entered " />
                      {enrollment.exit_reason ? `, left: ${sentence(enrollment.exit_reason).toLowerCase()}` : ''}
                    </>
                  )}
                </Text>
              </div>
              <div style={{ display: 'flex', alignItems: 'center', gap: '0.75rem' }}>
                <AnchorLink
                  to="/customers/$reference/enrollments/$enrollment"
                  params={{ reference: customer, enrollment: enrollment.id }}
                  size="xs"
                  aria-label={`The way through ${enrollment.title}`}
                  data-testid="path-link"
                >
                  The way
                </AnchorLink>
                <Badge color={COLORS[enrollment.status]} tt="none">{sentence(enrollment.status)}</Badge>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
