/** Customers as rows, each a way to their page. */

import { Badge, Group, Text } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'

import type { CustomerRow } from '@/api/types'
import { Moment } from '@/parts/Moment'
import { sentence } from '@/words/channels'
import { customerName } from '@/words/customers'

import classes from './CustomersScreen.module.css'
import { Portrait } from './Portrait'

export function CustomerTable({ customers, dim }: { customers: CustomerRow[]; dim: boolean }) {
  const navigate = useNavigate()
  return (
    <table className={classes.table} style={{ opacity: dim ? 0.6 : 1 }} aria-label="Customers">
      <thead>
        <tr>
          <th scope="col">Customer</th>
          <th scope="col">Phone</th>
          <th scope="col">Stage</th>
          <th scope="col">Tags</th>
          <th scope="col">Last interaction</th>
          <th scope="col">Since</th>
        </tr>
      </thead>
      <tbody>
        {customers.map((customer) => (
          <tr
            key={customer.id}
            data-testid="customer-row"
            data-external-id={customer.external_id}
            onClick={() => void navigate({ to: '/customers/$reference', params: { reference: customer.external_id } })}
          >
            <th scope="row">
              <div className={classes.who}>
                <Portrait name={customerName(customer)} />
                <div className={classes.whoWords}>
                  <Link
                    to="/customers/$reference"
                    params={{ reference: customer.external_id }}
                    onClick={(event) => event.stopPropagation()}
                  >
                    {customerName(customer)}
                  </Link>
                  <Text size="xs" c="dimmed" truncate>{customer.email ?? customer.external_id}</Text>
                </div>
              </div>
            </th>
            <td className={classes.wide}>{customer.phone ?? '–'}</td>
            <td>{sentence(customer.lifecycle_stage)}</td>
            <td><Tags tags={customer.tags} /></td>
            <td><Moment at={customer.last_interaction_at} /></td>
            <td className={classes.wide}><Moment at={customer.created_at} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Tags({ tags }: { tags: string[] }) {
  return (
    <Group gap={4}>
      {tags.slice(0, 2).map((tag) => <Badge key={tag} color="gray" tt="none" fw={500}>{tag}</Badge>)}
      {tags.length > 2 && <Text size="xs" c="dimmed" title={tags.join(', ')}>+{tags.length - 2}</Text>}
    </Group>
  )
}
