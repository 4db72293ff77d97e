/** All customers, newest first: a search over names, addresses and ids, and filters in the language of segments. */

import { Button, Group, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'

import { customersQuery, overviewQuery } from '@/api/queries'
import { foundQuery } from '@/api/segments'
import { Icon } from '@/parts/Icon'
import { Moment } from '@/parts/Moment'
import { PageHead, Panel } from '@/parts/Page'
import { Empty, Failure, LoadingRows } from '@/parts/States'
import { searchWhere } from '@/words/customers'
import { count, percent, plural, share } from '@/words/numbers'

import { CustomerFilters } from './CustomerFilters'
import { CustomerTable } from './CustomerTable'
import { FilterLine } from './FilterLine'

export interface CustomerSearch {
  q?: string
  segment?: string
  where?: object
}

export function CustomersScreen() {
  const { q = '', segment, where } = useSearch({ from: '/customers' })
  const navigate = useNavigate()
  const [typed, setTyped] = useState(q)
  const [filtering, setFiltering] = useState(false)
  const go = (next: CustomerSearch) => navigate({ to: '/customers', search: { q: q || undefined, segment, where, ...next }, replace: true })
  const search = useDebouncedCallback((text: string) => void go({ q: text.trim() || undefined }), 250)
  const filtered = segment !== undefined || where !== undefined

  return (
    <>
      <PageHead title="Customers" lead="Everyone that Motet may write to">
        <TextInput
          w={{ base: '100%', sm: 280 }}
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
        <Button
          variant={filtered ? 'light' : 'default'}
          leftSection={<Icon name="filter" size={16} />}
          onClick={() => setFiltering(true)}
          data-testid="filter-button"
        >
          Filter
        </Button>
      </PageHead>
      {filtered && <FilterLine segment={segment} where={where} q={q} onChange={(next) => void go(next)} onOpen={() => setFiltering(true)} />}
      {filtered ? <FoundList q={q} segment={segment} where={where} /> : <PlainList q={q} />}
      {/* `key` gives a fresh form each time it opens */}
      <CustomerFilters
        key={String(filtering)}
        opened={filtering}
        segment={segment}
        where={where}
        onClose={() => setFiltering(false)}
        onApply={(next) => {
          setFiltering(false)
          void go(next)
        }}
      />
    </>
  )
}

/** Without filters: straight from the profiles, the newest first. */
function PlainList({ q }: { q: string }) {
  const list = useInfiniteQuery(customersQuery(q))
  const all = useQuery({ ...overviewQuery, select: (overview) => overview.customers }).data
  const customers = list.data?.pages.flatMap((page) => page.customers) ?? []
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />
  if (!list.data) return <LoadingRows rows={8} height={52} />
  const note = q !== '' || all === undefined ? `${count(customers.length)} shown` : `${count(customers.length)} shown of ${plural(Math.max(all, customers.length), 'customer')} now`
  return (
    <Panel title={q ? `Found for “${q}”` : 'Newest first'} note={<span data-testid="customer-total">{note}</span>} flush>
      {customers.length > 0 ? <CustomerTable customers={customers} dim={list.isPlaceholderData} /> : <Nobody q={q} />}
      <More has={list.hasNextPage} busy={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
    </Panel>
  )
}

/** With filters: counted over the log and the profiles, as segments are. */
function FoundList({ q, segment, where }: { q: string; segment: string | undefined; where: object | undefined }) {
  const all = useQuery({ ...overviewQuery, select: (overview) => overview.customers }).data
  const parts = [where, q === '' ? undefined : searchWhere(q)].filter((part) => part !== undefined)
  const list = useInfiniteQuery(foundQuery(parts.length > 1 ? { $and: parts } : (parts[0] ?? {}), segment))
  const customers = list.data?.pages.flatMap((page) => page.customers) ?? []
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />
  if (!list.data) return <LoadingRows rows={8} height={52} />
  const total = list.data.pages[0]?.total ?? 0
  return (
    <Panel
      title={q ? `Found for “${q}” within the filter` : 'Found, newest first'}
      note={
        <span data-testid="customer-total">
          {plural(total, 'customer')}{all === undefined ? '' : `, ${percent(share(total, all))} of all`}, {count(customers.length)} shown. Counted{' '}
          <Moment at={new Date(list.dataUpdatedAt).toISOString()} />.
        </span>
      }
      flush
    >
      {customers.length > 0 ? (
        <CustomerTable customers={customers} dim={list.isPlaceholderData} />
      ) : (
        <Empty icon="filter" title="Nobody matches">
          {q ? 'Within a filter, the search goes by the beginning of a name, an address or an id.' : 'The filter holds for no customer now.'}
        </Empty>
      )}
      <More has={list.hasNextPage} busy={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
    </Panel>
  )
}

function More({ has, busy, onMore }: { has: boolean; busy: boolean; onMore: () => void }): ReactNode {
  if (!has) return null
  return (
    <Group justify="center" p="md">
      <Button variant="default" loading={busy} onClick={onMore} data-testid="more-button">Show more</Button>
    </Group>
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
