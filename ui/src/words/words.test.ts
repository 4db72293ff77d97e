import { describe, expect, it } from 'vitest'

import { channelName, isMeasured, sentence, spoken, titleOf } from './channels'
import { customerName, splitReferences } from './customers'
import { sayFilter } from './filters'
import { ago, dayHeading, duration } from './moments'
import { count, money, percent, plural, share, shortCount } from './numbers'
import { because, reasonHint, reasonPhrase, verdictName } from './reasons'

describe('numbers', () => {
  it('groups thousands and takes what is missing for nought', () => {
    expect([count(1234567), count(undefined), count(Number.NaN)]).toEqual(['1,234,567', '0', '0'])
  })
  it('shortens from ten thousand on', () => {
    expect([shortCount(9999), shortCount(12_345), shortCount(3_400_000)]).toEqual(['9,999', '12.3K', '3.4M'])
  })
  it('chooses the plural', () => {
    expect([plural(1, 'message'), plural(0, 'message'), plural(2, 'entry', 'entries')]).toEqual([
      '1 message', '0 messages', '2 entries',
    ])
  })
})

describe('rates', () => {
  it('has no rate when there is nothing to divide by', () => {
    expect(share(3, 0)).toBeNull()
    expect(percent(share(3, 0))).toBe('–')
  })
  it('never exceeds the whole, even when counts arrive out of order', () => {
    expect(share(7, 5)).toBe(1)
  })
  it('keeps one digit where it matters', () => {
    expect([0, 0.0004, 0.042, 0.42, 0.9951, 0.99999, 1].map(percent)).toEqual([
      '0%', '<0.1%', '4.2%', '42%', '99.5%', '99.9%', '100%',
    ])
  })
})

describe('money', () => {
  it('shows cents below a thousand', () => {
    expect([money(12.5, 'EUR'), money(12345.6, 'USD'), money(0, 'USD')]).toEqual(['€12.50', '$12,346', '$0'])
  })
  it('stands a missing or impossible currency', () => {
    expect([money(5), money(5, 'not a currency')]).toEqual(['5.00', '5.00'])
  })
})

describe('moments', () => {
  const now = Date.parse('2026-11-24T12:00:00Z')
  const back = (seconds: number) => new Date(now - seconds * 1000).toISOString()
  it('says how long ago', () => {
    expect([1, 12, 300, 7200, 86_400, 200_000].map((s) => ago(back(s), now))).toEqual([
      'just now', '12 s ago', '5 min ago', '2 h ago', '1 day ago', '2 days ago',
    ])
  })
  it('speaks of what is ahead', () => {
    expect(ago(back(-300), now)).toBe('in 5 min')
  })
  it('gives the date when it is long ago, and a dash for none', () => {
    expect(ago('2026-01-03T12:00:00Z', now)).toBe('3 Jan 2026')
    expect(ago(null, now)).toBe('–')
  })
  it('names days', () => {
    expect(dayHeading(back(0), now)).toBe('Today')
    expect(dayHeading(back(86_400), now)).toBe('Yesterday')
    expect(dayHeading('2026-11-01T12:00:00Z', now)).toBe('1 Nov 2026')
  })
})

describe('durations', () => {
  it('uses the two largest units', () => {
    expect([0, 45, 90, 7200, 7500, 259_200, 694_861].map(duration)).toEqual([
      'at once', '45 s', '1 min 30 s', '2 h', '2 h 5 min', '3 days', '8 days 1 h',
    ])
  })
  it('has no words for a negative one', () => {
    expect(duration(-1)).toBe('–')
  })
})

describe('reasons', () => {
  const cap = { code: 'channel_cap', text: 'the cap on this channel was reached' }
  const consent = { code: 'no_consent', text: '' }
  it('makes one sentence of several', () => {
    expect(because([cap, consent, cap])).toBe('because the cap on this channel was reached, and no consent')
    expect(because([])).toBe('')
  })
  it('falls back on the code', () => {
    expect(reasonPhrase(consent)).toBe('no consent')
  })
  it('names verdicts, also unknown ones, and hints', () => {
    expect([verdictName('drop'), verdictName('set_aside')]).toEqual(['Dropped', 'Set aside'])
    expect(reasonHint('no_provider')).toContain('Status')
    expect(reasonHint('eligible')).toBeNull()
  })
})

describe('channels', () => {
  it('names known and unknown ones', () => {
    expect([channelName('in_app'), channelName('carrier_pigeon')]).toEqual(['In-app', 'Carrier pigeon'])
    expect(sentence('first_name')).toBe('First name')
    expect(spoken('When cart_abandoned happens, where cart_value > 25')).toBe('When cart abandoned happens, where cart value > 25')
    expect(['user_signup', 'profile-nudge', 'Hi, you-all'].map(titleOf)).toEqual(['User signup', 'Profile nudge', 'Hi, you-all'])
  })
  it('knows what a channel cannot report', () => {
    expect([isMeasured('sms', 'opened'), isMeasured('sms', 'clicked'), isMeasured('email', 'opened'), isMeasured('email', 'delivered')]).toEqual([
      false, true, true, false,
    ])
  })
})

describe('customers', () => {
  it('are read out of a pasted list, each once', () => {
    expect(splitReferences(' c-1, c-2;c-3\n c-1\t')).toEqual(['c-1', 'c-2', 'c-3'])
    expect(splitReferences(' , ')).toEqual([])
  })
  it('are called by the first that is not blank', () => {
    const someone = { external_id: 'c-1', email: 'a@example.com', name: ' Ada ' }
    expect(customerName(someone)).toBe('Ada')
    expect(customerName({ ...someone, name: '  ' })).toBe('a@example.com')
    expect(customerName({ external_id: 'c-1', name: null })).toBe('c-1')
  })
})

describe('filters', () => {
  it.each([
    [{ cart_value: { $gt: 50 } }, 'cart value is more than 50'],
    [{ email_opened: false }, 'no email was opened'],
    [{ sms_clicked: true }, 'the sms was clicked'],
    [{ profile_completed: false }, 'profile completed is not true'],
    [{ plan: 'pro', country: { $in: ['DE', 'AT'] } }, 'plan is “pro” and country is one of “DE”, “AT”'],
    [{ $or: [{ a: 1 }, { 'b.c': { $exists: false } }] }, 'a is 1 or b c is not known'],
    [[{ a: 1 }, { b: null }], 'a is 1 and b is missing'],
    [{ age: { $between: [18, 30] } }, 'age is between 18 and 30'],
    [{ $not: { vip: true } }, 'not (vip is true)'],
    [{ plan: 'pro', $did: { event: 'purchase', within: '7d' } }, 'plan is “pro” and did “purchase” in the last 7 days'],
    [{}, ''],
    [undefined, ''],
  ])('reads %j aloud', (spec, words) => {
    expect(sayFilter(spec)).toBe(words)
  })
})
