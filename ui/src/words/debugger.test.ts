import { describe, expect, it } from 'vitest'

import type { SeenEvent } from '@/api/debugger'

import { countStatuses, curlLine, eventJson, matchesFilter, mergeSeen, sourceName, summarize } from './debugger'

function seen(n: number, more: Partial<SeenEvent> = {}): SeenEvent {
  return {
    id: `0190-${n}`,
    received_at: `2026-11-24T12:00:0${n}Z`,
    at: null,
    name: 'purchase',
    customer: { id: 'u-1', external_id: 'c1' },
    source: 'api',
    status: 'accepted',
    ...more,
  }
}

describe('the list', () => {
  it('holds each event once, the newest first', () => {
    const list = mergeSeen([seen(2), seen(1)], [seen(3), seen(2)])
    expect(list.map((event) => event.id)).toEqual(['0190-3', '0190-2', '0190-1'])
  })
  it('lets the oldest go', () => {
    expect(mergeSeen([seen(1), seen(2)], [seen(3)], 2).map((event) => event.id)).toEqual(['0190-3', '0190-2'])
  })
  it('counts what became of them', () => {
    expect(countStatuses([seen(1), seen(2, { status: 'rejected' })])).toEqual({ accepted: 1, duplicate: 0, rejected: 1 })
  })
})

describe('the filter', () => {
  it('finds parts of a name and of either id, whatever the capitals', () => {
    expect(matchesFilter(seen(1), { name: 'PURCH', customer: 'C1' })).toBe(true)
    expect(matchesFilter(seen(1), { customer: 'u-1' })).toBe(true)
    expect(matchesFilter(seen(1), { customer: 'c2' })).toBe(false)
  })
  it('passes over events of nobody when a customer is asked for', () => {
    expect(matchesFilter(seen(1, { customer: null }), { customer: 'c' })).toBe(false)
    expect(matchesFilter(seen(1, { customer: null }), { status: 'accepted' })).toBe(true)
  })
})

describe('one event', () => {
  it('says first what is wrong with it', () => {
    const problems = [
      { code: 'event.bad_name', message: 'cannot name an event', path: 'name' },
      { code: 'event.missing_field', message: 'customer is missing', path: 'customer' },
    ]
    expect(summarize(seen(1, { problems }))).toBe('name: cannot name an event (and 1 more)')
  })
  it('reads its first properties', () => {
    expect(summarize(seen(1, { properties: { plan: 'pro', seats: 3 } }))).toBe('plan: pro · seats: 3')
    expect(summarize(seen(1))).toBe('')
  })
  it('is JSON without an id of its own when it was refused', () => {
    expect(JSON.parse(eventJson(seen(1)))).toMatchObject({ id: '0190-1', customer: 'c1', properties: {} })
    expect(JSON.parse(eventJson(seen(1, { status: 'rejected', customer: null })))).not.toHaveProperty('id')
  })
  it('names its door', () => {
    expect([sourceName('provider'), sourceName('my_door')]).toEqual(['Receipt', 'My door'])
  })
})

describe('the line for a terminal', () => {
  it('sends to this house with the key as the user', () => {
    const line = curlLine('https://motet.example', 'wk_1')
    expect(line).toContain("-u 'wk_1:'")
    expect(line).toContain('https://motet.example/v1/track')
  })
})
