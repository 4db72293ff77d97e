import { describe, expect, it } from 'vitest'

import type { ImportPreview } from '@/api/imports'

import { bytes, choicesFor, fieldName, looksLikeEvents, ownName, shareDone, timeLeft } from './imports'

const preview = (over: Partial<ImportPreview>): ImportPreview => ({
  form: 'csv', delimiter: ',', columns: [], rows: [], fields: [], problems: [], checked: 0, accepted: 0, rejects: [], ...over,
})

describe('where a column may go', () => {
  it('speaks of fields as a person does', () => {
    expect(fieldName('attributes.city')).toBe('Attribute: city')
    expect(fieldName('!consents.in_app')).toBe('Opt-out: In-app')
    expect(fieldName('lifecycle_stage')).toBe('Lifecycle stage')
    expect(fieldName('-')).toBe('Leave out')
    expect(fieldName('attributes.zip:text')).toBe('Attribute: zip')
  })

  it('spells names of one’s own as the server does', () => {
    expect(ownName('First Name')).toBe('first_name')
    expect(ownName(' cartValue (€) ')).toBe('cart_value')
    expect(ownName('Straße')).toBe('straße')
    expect(ownName('***')).toBe('')
  })

  it('always offers what a column has now', () => {
    const fields = [{ name: 'email', is_map: false }, { name: 'attributes', is_map: true }]
    const offered = (target: string) => choicesFor('City', target, fields, 'customers').flatMap(({ items }) => items.map(({ value }) => value))
    expect(offered('handles.telegram')).toContain('handles.telegram')
    expect(offered('email')).toEqual(expect.arrayContaining(['email', 'attributes.city', 'consents.sms', '-']))
    expect(offered('email')).not.toContain('attributes')
    expect(choicesFor('City', 'name', [{ name: 'name', is_map: false }], 'events').map(({ group }) => group)).toEqual(['Event', 'Your own', 'Nowhere'])
  })
})

describe('what a file is', () => {
  it('takes what says when for events', () => {
    expect(looksLikeEvents(preview({ problems: [{ code: 'import.no_event', message: '' }] }))).toBe(true)
    expect(looksLikeEvents(preview({ problems: [{ code: 'import.no_time', message: '' }] }))).toBe(false)
    expect(looksLikeEvents(preview({ form: 'calls' }))).toBe(true)
    expect(looksLikeEvents(preview({ form: 'json_lines', columns: [{ name: 'email', target: 'email', samples: [] }] }))).toBe(false)
  })
})

describe('how far an import is', () => {
  it('is all of it when it is done, and nothing of an empty one', () => {
    expect(shareDone({ status: 'done', position: 0, size: 0 })).toBe(1)
    expect(shareDone({ status: 'running', position: 50, size: 200 })).toBe(0.25)
    expect(shareDone({ status: 'waiting', position: 0, size: 0 })).toBe(0)
  })

  it('guesses the rest from the rows so far', () => {
    const one = { status: 'running' as const, position: 100, size: 400, rows: 1000, rows_per_second: 100 }
    expect(timeLeft(one)).toBe('about 30 s left')
    expect(timeLeft({ ...one, rows_per_second: null })).toBeNull()
    expect(timeLeft({ ...one, status: 'done' })).toBeNull()
  })

  it('tells sizes', () => {
    expect([0, 900, 1536, 5 * 1024 ** 2, 3.25 * 1024 ** 3].map(bytes)).toEqual(['0 bytes', '900 bytes', '1.5 KB', '5 MB', '3.3 GB'])
  })
})
