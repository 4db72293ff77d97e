/** All customers, newest first, and a search over names, addresses and ids. */

import { Badge, Button, Group, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import { customersQuery } from '@/api/queries'
import type { CustomerRow } from '@/api/types'
import { Icon } from '@/parts/Icon'
import { Moment } from '@/parts/Moment'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { sentence } from '@/words/channels'
import { customerName } from '@/words/customers'

import classes from './CustomersScreen.module.css'
import { Portrait } from './Portrait'

export function CustomersScreen() {
  const { q = '' } = useSearch({ from: '/customers' })
  const navigate = useNavigate()
  const [typed, setTyped] = useState(q)
  const search = useDebouncedCallback((text: string) => {
    void navigate({ to: '/customers', search: { q: text.trim() || undefined }, replace: true })
  }, 250)
  const list = useInfiniteQuery(customersQuery(q))
  const customers = list.data?.pages.flatMap((page) => page.customers) ?? []

  return (
    <>
      <PageHead title="Customers" lead="Everyone that Motet may write to">
        <TextInput
          w={{ base: '100%', sm: 320 }}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            search(event.currentTarget.value)
          }}
          type="search"
          placeholder="Name, email, phone or id"
          aria-label="Search customers"
          leftSection={<Icon name="search" size={16} />}
          data-testid="customer-search"
        />
      </PageHead>
      {list.error && !list.data ? <Failure error={list.error} retry={() => void list.refetch()} /> : null}
      {list.isPending ? <LoadingRows rows={8} height={52} /> : null}
      {list.data ? (
        <Panel title={q ? `Found for “${q}”` : 'Newest first'} note={`${customers.length} shown`} flush>
          {customers.length > 0 ? <CustomerTable customers={customers} dim={list.isPlaceholderData} /> : <Nobody q={q} />}
          {list.hasNextPage && (
            <Group justify="center" p="md">
              <Button
                variant="default"
                loading={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
                data-testid="more-button"
              >
                Show more
              </Button>
            </Group>
          )}
        </Panel>
      ) : null}
    </>
  )
}

function Nobody({ q }: { q: string }) {
  if (q) return <Empty icon="search" title="Nobody is found">No name, address or id holds “{q}”.</Empty>
  return (
    <Empty icon="customers" title="No customer yet">
      Bring them from a CSV or JSON lines file with <code>motet import customers FILE</code>, or send them to{' '}
      <code>POST /api/customers/bulk</code>.
    </Empty>
  )
}

function CustomerTable({ customers, dim }: { customers: CustomerRow[]; dim: boolean }) {
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
