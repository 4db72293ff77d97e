/** A few customers by name, each a way to their page. */

import { Text } from '@mantine/core'

import type { CustomerRow } from '@/api/types'
import { AnchorLink } from '@/parts/links'
import { customerName } from '@/words/customers'

import classes from './rules.module.css'

/** `apart`: in a tab of their own, so that a form on this one is not lost. */
export function SomeCustomers({ customers, apart = false }: { customers: CustomerRow[]; apart?: boolean }) {
  return (
    <ul className={classes.people} data-testid="sample">
      {customers.map((customer) => (
        <li key={customer.id} className={classes.person} data-testid="sample-customer" data-external-id={customer.external_id}>
          <span className={classes.personWords}>
            <AnchorLink
              to="/customers/$reference"
              params={{ reference: customer.external_id }}
              target={apart ? '_blank' : undefined}
              fw={600}
              size="sm"
              c="var(--ink)"
            >
              {customerName(customer)}
            </AnchorLink>
            {customerName(customer) !== (customer.email ?? customer.external_id) && (
              <Text size="xs" c="dimmed">{customer.email ?? customer.external_id}</Text>
            )}
          </span>
        </li>
      ))}
    </ul>
  )
}
