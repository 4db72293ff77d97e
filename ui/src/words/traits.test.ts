import { describe, expect, it } from 'vitest'

import { NEW_TRAIT, readTrait, sayTrait, writeTrait } from './traits'

function draftOf(document: unknown): NonNullable<ReturnType<typeof readTrait>> {
  const draft = readTrait(document)
  if (!draft) throw new Error('the form does not take it')
  return draft
}

describe('a computed trait goes through the form unchanged', () => {
  it.each([
    { kind: 'trait', name: 'orders', take: 'count', event: 'purchase' },
    { kind: 'trait', name: 'spent', title: 'Spent', take: 'sum', event: 'purchase', of: 'amount', within: '90d', owner: 'ana' },
    { kind: 'trait', name: 'taste', take: 'most', event: ['view', 'buy'], of: 'category', where: { price: { $gt: 5 } }, during: 'this_year' },
    { kind: 'trait', name: 'old', take: 'first', event: 'visit', since: '2020-01-01', before: '2026-01-01' },
  ])('%j', (document) => {
    expect(writeTrait(draftOf(document)).document).toEqual(document)
  })
  it('takes a document without a take for a count', () => {
    expect(readTrait({ kind: 'trait', name: 'x', event: 'e' })?.take).toBe('count')
  })
  it.each([[null], [{ name: 'x' }], [{ name: 'x', event: 'e', take: 'median' }], [{ name: 'x', event: 'e', within: 7 }]])(
    'leaves what is none alone: %j', (document) => expect(readTrait(document)).toBeNull(),
  )
})

describe('a computed trait', () => {
  it('has its problems at the row of the property', () => {
    const draft = draftOf({ kind: 'trait', name: 'x', event: 'e', where: { price: { $gt: true } } })
    const { places } = writeTrait(draft)
    expect(places.find(({ path }) => path === 'where.price.$gt')?.id).toBe(draft.row.where?.rules[0]?.id)
  })
  it('is said in words', () => {
    const say = (document: object) => sayTrait(draftOf({ kind: 'trait', name: 'x', event: 'purchase', ...document }))
    expect(say({ take: 'sum', of: 'amount', within: '30d' })).toBe('sum of amount of “purchase” in the last 30 days')
    expect(say({ take: 'first' })).toBe('first time of “purchase”')
    expect(sayTrait(NEW_TRAIT())).toBe('number of “”')
  })
})
