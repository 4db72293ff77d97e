// Made-up people and events for the mock: identifiers, merges, the event debugger, write keys.

import { ago, customers, random } from './data.mjs'

const merges = [
  { id: 'm2', at: ago(640), cause: 'identified', status: 'merged', customer: 'a1b2', external_id: 'a1b2', undoable: true },
  { id: 'm1', at: ago(260000), cause: 'person', status: 'merged', customer: 'a1b3', external_id: 'shop-77812', undoable: true },
  { id: 'm0', at: ago(4000000), cause: 'alias', status: 'refused', customer: 'a1b4', external_id: 'test@example.com', undoable: false, reason: 'this customer has taken in 25 others within a day' },
]
const keys = [{ id: 'k1', name: 'website', created_at: ago(900000), revoked_at: null }]

/** What the customer page shows beyond the profile. */
export const person = (found) => ({
  identifiers: [
    { kind: 'external_id', value: found.external_id },
    { kind: 'email', value: found.email },
    { kind: 'anonymous_id', value: '7d0f3f0e-9b1c-4d8e-a3f0-2a6f3b1f9c11' },
    { kind: 'custom', value: 'crm:0034-88121' },
  ],
  devices: [{ token: 'dK3x9:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx', platform: 'fcm' }],
  segments: [{ name: 'big-spenders', title: 'Big spenders' }, { name: 'active-this-week', title: 'Active this week' }],
  traits: { total_spent: 412.5, orders: 7, first_purchase_at: '2026-03-02T10:12:00Z', favourite_category: 'tea' },
  topics: { news: true, price_alerts: false },
  merges,
})

const SENT = [
  ['page', { name: 'Pricing', url: 'https://shop.example.com/pricing' }, 'segment'],
  ['product_viewed', { sku: 'TEA-01', price: 12.9, category: 'tea' }, 'segment'],
  ['cart_updated', { cart_value: 83.5, items: 3 }, 'api'],
  ['purchase', { order: 'A-1187', total: 83.5 }, 'api'],
  ['click', { url: 'https://shop.example.com/tea', machine: false }, 'link'],
  ['delivered', { provider: 'twilio' }, 'provider'],
]
let number = 0

export function seen(seconds = 0) {
  const [name, properties, source] = SENT[Math.floor(random() * SENT.length)]
  const chance = random()
  const status = chance < 0.08 ? 'rejected' : chance < 0.14 ? 'duplicate' : 'accepted'
  const { id, external_id } = customers[Math.floor(random() * customers.length)]
  const problems = [
    { code: 'event.bad_moment', message: "'yesterday-ish' is not a moment", path: 'timestamp', fix: 'write ISO 8601, such as 2026-11-24T10:00:00Z' },
    { code: 'event.missing_field', message: 'neither userId nor anonymousId is there', path: 'userId', fix: 'give one of the two' },
  ]
  number += 1
  return {
    id: `0190-${String(number).padStart(6, '0')}`, at: status === 'rejected' ? null : ago(seconds), received_at: ago(seconds),
    customer: status === 'rejected' ? null : { id, external_id }, name, properties, source, status,
    ...(status === 'rejected' ? { problems } : {}),
  }
}

export function answerPeople(method, path, text, known, empty) {
  if (path === '/api/debugger') return [200, { events: empty ? [] : known }]
  if (path === '/api/keys' && method === 'POST') {
    const { name } = JSON.parse(text)
    keys.push({ id: `k${keys.length + 1}`, name, created_at: ago(0), revoked_at: null })
    return [200, { id: `k${keys.length}`, name, key: 'wk_5pZbq2uF0mJt8rXhVd3LwA', created_at: ago(0) }]
  }
  if (path === '/api/keys') return [200, { keys: empty ? [] : keys }]
  if (/^\/api\/merges\/.+\/undo$/.test(path)) {
    const merge = merges.find((each) => each.id === path.split('/')[3])
    Object.assign(merge, { status: 'undone', undoable: false })
    return [200, merge]
  }
  if (/^\/api\/customers\/.+\/merge$/.test(path)) {
    const merge = { id: `m${merges.length}`, at: ago(0), cause: 'person', status: 'asked', customer: JSON.parse(text).customer, external_id: 'c9', undoable: false }
    merges.unshift(merge)
    return [200, merge]
  }
  return null
}
