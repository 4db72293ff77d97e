// Segment's library for Node, as its users call it: node segment.mjs URL KEY
import { Analytics } from '@segment/analytics-node'

const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, flushAt: 20, flushInterval: 100 })
const failed = []
analytics.on('error', (error) => failed.push(String(error.reason ?? error.code)))

const userId = 'node-segment'
analytics.track({ anonymousId: 'node-segment-anonymous', event: 'Product Viewed', properties: { sku: 'G-32' } })
analytics.identify({ userId, anonymousId: 'node-segment-anonymous', traits: { email: 'node.segment@example.com', plan: 'pro' } })
analytics.track({
  userId, event: 'Order Completed', messageId: 'node-segment-order', properties: { revenue: 39.95, products: [{ sku: 'G-32' }] },
  timestamp: '2026-01-02T03:04:05.678Z', context: { timezone: 'Europe/Berlin' },
})
analytics.track({ userId, event: 'Order Completed', messageId: 'node-segment-order', properties: { revenue: 39.95 } })
analytics.page({ userId, name: 'Home', properties: { url: 'https://shop.example/' } })
analytics.screen({ userId, name: 'Start' })
analytics.group({ userId, groupId: 'g-1', traits: { name: 'Initech' } })
analytics.track({ userId: 'node-segment-old', event: 'Signed Up' })
analytics.alias({ userId, previousId: 'node-segment-old' })
await analytics.closeAndFlush({ timeout: 20000 })
if (failed.length) {
  console.error(failed)
  process.exit(1)
}
