import { describe as suite, expect, it } from 'vitest'
import { parse } from 'yaml'

import {
  describe, gapsIn, type Group, isOperand, kindOf, nameOf, newEvent, newField, newGroup, othersIn, placeProblems,
  readDocument, readSpan, readWhere, reshape, rowAt, saySpan, withMode, writeDocument, writeWhere,
} from './segments'
import { toYaml } from './yaml'

/** Every form of the language, and for each whether the form on screen takes it apart wholly. */
const SPECS: [spec: unknown, whole: boolean][] = [
  [{}, true],
  [[], true],
  [{ plan: 'pro' }, true],
  [{ plan: null, vip: true, age: 3, 'cart.total': { $gt: 50 } }, true],
  [{ age: { $gte: 18, $lt: 30 } }, true],
  [{ age: { $eq: 18 } }, true],
  [{ age: { $not: { $between: [18, 30] } }, name: { $not: { $contains: 'x' } } }, true],
  [{ age: { $not: { $gt: 1, $lt: 5 } } }, false],
  [{ country: { $in: ['DE', 'AT'] }, plan: { $nin: ['free'] }, a: { $ne: 1 }, b: { $exists: false }, c: { $startsWith: 'x' } }, true],
  [{ 'topics.news': true, 'devices.platform': 'apns', lifecycle_stage: 'customer', tags: 'vip', segments: { $in: ['a', 'b'] } }, true],
  [{ last_purchase_at: { $lt: { $ago: '30d' } }, renews_at: { $between: [{ $ago: '1d' }, { $ahead: '7d' }] } }, true],
  [{ location: { $near: { lat: 52.5, lon: 13.4, km: 25 } } }, true],
  [{ location: { $near: { lat: 52.5, lon: 13.4 } } }, false],
  [{ 'traits.total_spent': { $gt: 100 } }, true],
  [{ $percent: { of: 10, salt: 'x' } }, true],
  [{ $percent: { of: 10 } }, true],
  [{ $percent: { of: 10, seed: 4 } }, false],
  [{ $or: [{ a: 1 }, { b: 2, c: 3 }, { $and: [{ d: 4 }, { d: 5 }] }, [{ e: 1 }, { f: 2 }], {}] }, true],
  [{ $nor: [{ a: 1 }, { a: 2 }] }, true],
  [{ $not: { a: 1 } }, true],
  [{ $not: { a: 1, b: 2 } }, true],
  [{ $not: [{ a: 1 }, { b: 2 }] }, true],
  [{ a: 1, $or: [{ b: 1 }, { c: 1 }], $not: { d: 1 }, $and: [{ e: 1 }] }, true],
  [[{ a: 1 }, { a: 2 }], true],
  [{ $and: [{ $or: [{ a: 1 }] }, { $or: [{ b: 1 }] }] }, true],
  [{ $did: { event: 'purchase' } }, true],
  [{ $did: { event: 'purchase', count: 3, within: '30d' } }, true],
  [{ $did: { event: 'purchase', where: { amount: { $gt: 50 }, $or: [{ sku: 'a' }, { sku: 'b' }] }, count: { $gte: 2, $lt: 9 }, within: '60d', until: '30d' } }, true],
  [{ $did: { event: 'purchase', sum: { $gt: 100 }, average: { $gte: 5 }, min: { $gt: 1 }, max: { $lt: 900 }, of: 'amount', during: 'last_month' } }, true],
  [{ $did: { event: 'visit', first: { $lt: { $ago: '90d' } }, last: { $gte: '2026-01-01' }, since: '2025-01-01' } }, true],
  [{ $did: { event: 'view', most: 'shoes', of: 'category', since: '2025-01-01', before: '2026-01-01' } }, true],
  [{ $did: { event: 'view', where: {}, before: '2026-01-01T00:00:00Z' } }, true],
  [{ $did_not: { event: 'purchase', within: '30d' } }, true],
  [{ $did: { event: 'purchase', within: '30d', during: 'today' } }, false],
  [{ $did: { event: 'purchase', median: { $gt: 1 } } }, false],
  [{ $did: { event: 'purchase', count: { $mod: [2, 0] } } }, false],
  [{ $message: { did: 'opened', channel: 'email', within: '30d', count: { $gte: 3 } } }, true],
  [{ $message: { did: 'clicked' } }, true],
  [{ $not: { $message: { did: 'clicked', channel: 'push', within: '30d' } } }, true],
  [{ $message: { did: 'sneezed' } }, false],
  [{ $did: 'purchase' }, true],
  [{ $did_not: 'purchase', $did: { event: ['a', 'b'], count: { $gte: 2 } } }, true],
  [{ $did: { event: ['a'] } }, true],
  [{ $did: { event: [] } }, false],
  [{ $did: { event: 7 } }, false],
  [{ $message: { did: ['opened', 'clicked'], channel: ['email', 'push'], where: { campaign: 'x' }, last: { $gt: { $ago: '1d' } } } }, true],
  [{ $message: { did: ['opened'] } }, true],
  [{ $message: { did: 'opened', channel: ['email'] } }, false],
  [{ $or: [{ $did: { event: 'a' } }, { $did: { event: 'b' } }], a: { $did: 1 } }, false],
  [{ type: 'profile_check', field: 'plan', operator: 'equals', value: 'pro' }, false],
  [{ type: 'parcel', field: 'plan' }, true],
  [[{ type: 'engagement_check', hours: 24, min_interactions: 1 }, { plan: 'pro' }], false],
  [{ $or: [{ type: 'time_check', condition: 'business_hours' }, { a: 1, b: 2 }] }, false],
  [{ $or: 'nonsense', a: { $regex: 'x' }, b: [1, 2], c: {} }, false],
  [{ $or: [] }, true],
  [JSON.parse('{"__proto__": 1, "constructor": {"$gt": 2}}'), true],
  [{ $or: ['text', 7, null] }, false],
]

suite('a filter goes through the form unchanged', () => {
  it.each(SPECS)('%j', (spec, whole) => {
    const group = readWhere(spec)
    expect(writeWhere(group).where).toEqual(spec)
    expect(othersIn(group).length === 0).toBe(whole)
  })

  it('holds for a thousand random ones, and again after the text was written and read', () => {
    const random = dice(7)
    for (let round = 0; round < 1000; round += 1) {
      const spec = randomSpec(random, 4)
      const once = writeWhere(readWhere(spec)).where
      expect(once).toEqual(spec)
      expect(writeWhere(readWhere(JSON.parse(JSON.stringify(once)))).where).toEqual(spec)
    }
  })

  it.each(SPECS)('also through the document as text: %j', (spec) => {
    const written = { kind: 'segment', name: 'x', title: 'Yes: no', where: spec }
    expect(parse(toYaml(written))).toEqual(written)
  })

  it('keeps order of fields', () => {
    const spec = { b: 1, a: { $gt: 1, $lt: 9 }, $did: { event: 'x' }, c: 2 }
    expect(JSON.stringify(writeWhere(readWhere(spec)).where)).toBe(JSON.stringify(spec))
  })

  it('stands nesting beyond any depth by keeping what lies below', () => {
    let spec: unknown = { a: 1 }
    for (let depth = 0; depth < 200; depth += 1) spec = { $not: spec }
    const group = readWhere(spec)
    expect(writeWhere(group).where).toEqual(spec)
    expect(othersIn(group)).toHaveLength(1)
  })
})

suite('a form becomes a filter', () => {
  const written = (group: Group) => writeWhere(group).where
  it('merges tests of one field, and sets apart those that collide', () => {
    const [from, to] = [newField('age', '$gte', 18), newField('age', '$lt', 30)]
    expect(written(newGroup('all', [from, to]))).toEqual({ age: { $gte: 18, $lt: 30 } })
    expect(written(newGroup('all', [from, newField('age', '$gte', 20)]))).toEqual({ $and: [{ age: { $gte: 18 } }, { age: { $gte: 20 } }] })
    expect(written(newGroup('all', [newField('a', '$eq', 1), newField('a', '$gt', 0)]))).toEqual({ $and: [{ a: 1 }, { a: { $gt: 0 } }] })
  })
  it('sets two events apart', () => {
    expect(written(newGroup('all', [newEvent('a'), newEvent('b')]))).toEqual({ $and: [{ $did: { event: 'a' } }, { $did: { event: 'b' } }] })
  })
  it('writes groups of groups', () => {
    const inner = newGroup('any', [newField('a', '$eq', 1), newGroup('all', [newField('b', '$eq', 1), newField('c', '$eq', 2)])])
    expect(written(newGroup('none', [inner, newField('d', '$exists', true)]))).toEqual({
      $nor: [{ $or: [{ a: 1 }, { b: 1, c: 2 }] }, { d: { $exists: true } }],
    })
    expect(written(newGroup('all', [newGroup('all', [newField('a', '$eq', 1)]), newField('a', '$eq', 2)]))).toEqual({
      $and: [{ a: 1 }], a: 2,
    })
  })
  it('writes a mode that was changed in its own way', () => {
    expect(written(withMode(readWhere({ a: 1, b: 2 }), 'any'))).toEqual({ $or: [{ a: 1 }, { b: 2 }] })
    expect(written(withMode(readWhere({ $not: { a: 1 } }), 'all'))).toEqual({ a: 1 })
    const not = readWhere({ $not: { a: 1 } })
    expect(written({ ...not, rules: [...not.rules, newField('b', '$eq', 1)] })).toEqual({ $nor: [{ a: 1 }, { b: 1 }] })
  })
  it('means the same when a none of several meets an all', () => {
    const group = newGroup('all', [newGroup('none', [newField('a', '$eq', 1)]), newGroup('none', [newField('b', '$eq', 1)])])
    expect(written(group)).toEqual({ $and: [{ $nor: [{ a: 1 }] }, { $nor: [{ b: 1 }] }] })
  })
})

suite('documents', () => {
  const document = { kind: 'segment', name: 'vip', title: 'VIP', where: { plan: 'pro' }, owner: 'ana', notes: [1] }
  it('keep what the form does not know', () => {
    const draft = readDocument(document)
    expect(draft?.rest).toEqual({ owner: 'ana', notes: [1] })
    expect(draft && writeDocument(draft).document).toEqual(document)
  })
  it.each([['text'], [{ name: 4 }], [{ kind: 'campaign', name: 'x' }], [{ name: 'x', where: 'plan' }], [null]])(
    'that are no segment are not forced into the form: %j', (odd) => expect(readDocument(odd)).toBeNull(),
  )
  it('are named after their title', () => {
    expect([nameOf('Big spenders, 2026!'), nameOf(' Überraschte Café-Gäste '), nameOf('***')]).toEqual(['big-spenders-2026', 'uberraschte-cafe-gaste', ''])
  })
})

suite('problems find their row', () => {
  const spec = {
    plan: { $grater: 1 },
    age: { $gte: 'x', $lt: 3 },
    $or: [{ a: 1 }, { $did: { event: 'purchase', where: { amount: { $gt: true } }, count: { $gte: -1 } } }],
    $not: { $message: { did: 'opened', channel: 'fax' } },
    'cart.total': 1,
  }
  const group = readWhere(spec)
  const { places } = writeWhere(group)
  const at = (path: string) => rowAt(path, places)
  const [plan, from, to, any, message, cart] = group.rules
  it.each([
    ['where.plan.$grater', () => plan?.id],
    ['where.age.$gte', () => from?.id],
    ['where.age.$lt', () => to?.id],
    ['where.$or[0].a', () => (any as Group).rules[0]?.id],
    ['where.$or[1].$did.count.$gte', () => (any as Group).rules[1]?.id],
    ['where.$or', () => any?.id],
    ['where.$or[7]', () => any?.id],
    ['where.$not.$message.channel', () => message?.id],
    ['where.cart.total', () => cart?.id],
    ['where.elsewhere', () => group.id],
    ['name', () => null],
  ])('%s', (path, id) => expect(at(path)).toBe(id()))

  it('inside an event, at the row of the property', () => {
    const event = (any as Group).rules[1]
    expect(event?.kind === 'event' && event.where?.rules[0]?.id).toBe(at('where.$or[1].$did.where.amount.$gt'))
  })
  it('is told beside the rule when it is of no row', () => {
    const problem = { code: 'x', message: 'm', path: 'where' }
    const placed = placeProblems([problem, { code: 'y', message: 'n', path: 'name' }, { code: 'z', message: 'o', path: 'where.cart.total' }], places, group.id)
    expect(placed.rest.map(({ code }) => code)).toEqual(['x', 'y'])
    expect([...placed.rows.keys()]).toEqual([cart?.id])
  })
  it('also when rows that collide were set apart', () => {
    const two = newGroup('all', [newField('a', '$eq', 1), newField('a', '$eq', 2)])
    const found = rowAt('where.$and[1].a', writeWhere(two).places)
    expect(found).toBe(two.rules[1]?.id)
  })
})

suite('a rule in words', () => {
  it.each([
    [{}, 'everyone'],
    [undefined, 'everyone'],
    [{ plan: 'pro', cart_value: { $gt: 50 } }, 'plan is “pro” and cart value is more than 50'],
    [{ segments: 'vip', tags: { $ne: 'staff' } }, 'is in “vip” and does not have the tag “staff”'],
    [{ segments: { $nin: ['a', 'b'] } }, 'is not in “a” or “b”'],
    [{ 'topics.news': true }, 'subscribes to “news”'],
    [{ 'topics.news': false }, 'does not subscribe to “news”'],
    [{ last_purchase_at: { $lt: { $ago: '30d' } } }, 'last purchase at is before 30 days ago'],
    [{ signup: { $gte: '2026-01-01' } }, 'signup is not before 1 Jan 2026'],
    [{ email: { $exists: true }, phone: null }, 'email is known and phone is not known'],
    [{ location: { $near: { lat: 52.5, lon: 13.4, km: 25 } } }, 'location is within 25 km of 52.5, 13.4'],
    [{ $percent: { of: 10, salt: 'x' } }, 'is among a random 10% drawn with “x”'],
    [{ $did: { event: 'purchase', count: { $gte: 2 }, within: '30d' } }, 'did “purchase” at least 2 times in the last 30 days'],
    [{ $did: { event: 'purchase', sum: { $gt: 100 }, of: 'amount', during: 'last_month', where: { sku: 'a' } } },
      'did “purchase” whose sum of amount is more than 100 last month where sku is “a”'],
    [{ $did_not: { event: 'visit', within: '60d', until: '30d' } }, 'did not do “visit” from 60 days to 30 days ago'],
    [{ $message: { did: 'opened', channel: 'email', within: '1w' } }, 'opened an email message in the last week'],
    [{ $not: { $message: { did: 'clicked', channel: 'sms', count: { $gte: 1 } } } }, 'did not click an SMS message at least 1 time'],
    [{ $did: { event: ['a', 'b'] }, $message: { did: ['opened', 'clicked'], channel: ['sms', 'push'] } },
      'did “a” or “b” and opened or clicked an SMS or a push message'],
    [{ $or: [{ a: 1 }, { b: 1, c: 2 }] }, 'a is 1 or (b is 1 and c is 2)'],
    [{ $not: { a: 1 } }, 'not (a is 1)'],
    [{ $weird: 1 }, '{"$weird":1}'],
  ])('%j', (spec, words) => expect(describe(spec)).toBe(words))
})

suite('values', () => {
  it('spans are read in the ways that documents write them', () => {
    expect(['30d', '15 min', '3 days', 'P30D', 'PT2H', '2w', 'soon', '', '1 fortnight'].map((text) => readSpan(text))).toEqual([
      { amount: 30, unit: 'd' }, { amount: 15, unit: 'm' }, { amount: 3, unit: 'd' }, { amount: 30, unit: 'd' }, { amount: 2, unit: 'h' },
      { amount: 2, unit: 'w' }, null, null, null,
    ])
    expect([saySpan('1d'), saySpan('P1DT2H')]).toEqual(['1 day', 'P1DT2H'])
  })
  it('have a kind', () => {
    expect(['x', 4, true, '2026-01-01', '2026', { $ago: '1d' }, { $ahead: '1d' }, [3], null].map(kindOf)).toEqual([
      'text', 'number', 'truth', 'moment', 'text', 'ago', 'ahead', 'number', 'text',
    ])
  })
  it('keep what they can when the operator changes', () => {
    expect(reshape('$in', 'a', 'text')).toEqual(['a'])
    expect(reshape('$in', '', 'text')).toEqual([])
    expect(reshape('$eq', ['a', 'b'], 'text')).toBe('a')
    expect(reshape('$between', 4, 'number')).toEqual([4, 0])
    expect(reshape('$eq', true, 'text')).toBe('')
    expect(reshape('$exists', 'a', 'text')).toBe(true)
    for (const op of ['$in', '$eq', '$between', '$exists', '$near', '$gt'] as const) {
      for (const value of ['a', 4, true, [1, 2], ['x'], { $ago: '1d' }, null]) {
        expect(isOperand(op, reshape(op, value, kindOf(value)))).toBe(true)
      }
    }
  })
})

suite('what is still to be filled in', () => {
  it('is named at its row', () => {
    const blankField = newField('')
    const blankValue = newField('plan')
    const event = newEvent()
    const inEvent = { ...newEvent('buy'), where: newGroup('all', [newField('amount', '$gt', '')]) }
    const none = newGroup('any')
    const gaps = gapsIn(newGroup('all', [blankField, blankValue, event, inEvent, none]))
    expect([...gaps.keys()]).toEqual([blankField.id, blankValue.id, event.id, inEvent.where.rules[0]?.id, none.id])
  })
  it('is nothing in a rule of everyone, nor where a value is false or nought', () => {
    expect(gapsIn(newGroup()).size).toBe(0)
    expect(gapsIn(readWhere({ a: false, b: 0, c: null, $percent: { of: 0 } })).size).toBe(0)
  })
  it('tells of a window the wrong way round', () => {
    expect(gapsIn(readWhere({ $did: { event: 'x', within: '1w', until: '30d' } })).size).toBe(1)
    expect(gapsIn(readWhere({ $did: { event: 'x', within: '5w', until: '30d' } })).size).toBe(0)
  })
})

type Dice = (sides: number) => number

/** Small numbers, always the same for the same seed (a linear congruential generator). */
function dice(seed: number): Dice {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}

function pick<T>(random: Dice, values: readonly T[]): T {
  return values[random(values.length)] as T
}

function randomSpec(random: Dice, depth: number): unknown {
  const many = Array.from({ length: random(4) }, () => randomEntry(random, depth))
  return random(8) === 0 && depth > 0
    ? Array.from({ length: random(3) }, () => randomSpec(random, depth - 1))
    : Object.fromEntries(many)
}

function randomEntry(random: Dice, depth: number): [string, unknown] {
  const parts = () => Array.from({ length: random(3) + 1 }, () => randomSpec(random, depth - 1))
  switch (depth > 0 ? random(9) : random(4) + 5) {
    case 0: return ['$or', parts()]
    case 1: return ['$and', parts()]
    case 2: return ['$nor', parts()]
    case 3: return ['$not', randomSpec(random, depth - 1)]
    case 4: return [pick(random, ['$did', '$did_not']), { event: 'e', where: randomSpec(random, depth - 1), ...randomTest(random), within: '3d' }]
    case 5: return ['$message', { did: 'opened', count: { $gte: random(5) } }]
    case 6: return ['$percent', { of: random(100) }]
    case 7: return [pick(random, ['$odd', 'deep']), { $what: [random(3), { a: null }] }]
    default: return [pick(random, ['a', 'b', 'c.d', 'tags']), pick(random, [random(9), 'x', true, null, { $gte: 1, $lt: 2 }, { $not: { $in: ['x'] } }, { $ne: 'y' }])]
  }
}

function randomTest(random: Dice): Record<string, unknown> {
  return pick(random, [{}, { count: 2 }, { count: { $gte: 1, $lte: 4 } }, { sum: { $gt: 4 }, of: 'v' }, { last: { $gt: { $ago: '1d' } } }, { mode: 1 }])
}
