import { describe, expect, it } from 'vitest'

import { nameGone, nameIdentifier, sayCause, sayValue, stateOfMerge, typeOf } from './people'

describe('identifiers', () => {
  it('are called by what they are', () => {
    expect(nameIdentifier({ kind: 'external_id', value: 'c1' })).toEqual({ name: 'User id', value: 'c1' })
    expect(nameIdentifier({ kind: 'anonymous_id', value: 'a:b' })).toEqual({ name: 'Anonymous id', value: 'a:b' })
  })
  it('bring their own name when they are custom', () => {
    expect(nameIdentifier({ kind: 'custom', value: 'crm_id:42:7' })).toEqual({ name: 'Crm id', value: '42:7' })
    expect(nameIdentifier({ kind: 'custom', value: ':odd' })).toEqual({ name: 'Custom', value: ':odd' })
  })
})

describe('values', () => {
  it('have a type that a person knows', () => {
    expect([true, 5, 'x', '2026-11-24', '2026-11-24T10:00:00Z', '2026-13-45', [1], { a: 1 }, null].map(typeOf)).toEqual([
      'yes or no', 'number', 'text', 'date', 'date', 'text', 'list', 'map', 'nothing',
    ])
  })
  it('stand on one line', () => {
    expect([false, 1234.5, ['a', 2], [{ a: 1 }, { b: 2 }], { a: 1 }, null].map(sayValue)).toEqual([
      'no', '1,234.5', 'a, 2', '2 items', '{"a":1}', '–',
    ])
  })
  it('are moments in the time of whoever reads, and days as they are', () => {
    expect([sayValue('2026-11-24T10:00:00Z'), sayValue('2026-11-24'), sayValue('2026-11-2x')]).toEqual([
      '24 Nov 2026, 10:00:00', '2026-11-24', '2026-11-2x',
    ])
  })
})

describe('merges', () => {
  it('say how they came about', () => {
    expect([sayCause('alias'), sayCause('nightly_job')]).toEqual(['by an alias', 'by nightly job'])
  })
  it('say who is gone, and do not read out an id of ours', () => {
    expect(nameGone({ customer: 'u-1', external_id: 'c1' })).toBe('c1')
    expect(nameGone({ customer: 'u-1', external_id: 'u-1' })).toBe('An anonymous visitor')
  })
  it('tell a refusal from a merge', () => {
    expect([stateOfMerge('refused').word, stateOfMerge('merged').word]).toEqual(['Refused', 'Merged'])
  })
})
