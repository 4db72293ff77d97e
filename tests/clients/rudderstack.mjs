// RudderStack's library for Node, as its users call it: node rudderstack.mjs URL KEY
import Analytics from '@rudderstack/rudder-sdk-node'

const [dataPlaneUrl, writeKey] = process.argv.slice(2)
const analytics = new Analytics(writeKey, { dataPlaneUrl, flushAt: 20, flushInterval: 100 })
const userId = 'node-rudder'
const failed = []
const done = (error) => error && failed.push(String(error))

analytics.track({ anonymousId: 'node-rudder-anonymous', event: 'Product Viewed', properties: { sku: 'G-32' } }, done)
analytics.identify({ userId, anonymousId: 'node-rudder-anonymous', traits: { email: 'node.rudder@example.com', plan: 'pro' } }, done)
analytics.track({
  userId, event: 'Order Completed', messageId: 'node-rudder-order', properties: { revenue: 39.95, products: [{ sku: 'G-32' }] },
  timestamp: new Date('2026-01-02T03:04:05.678Z'), context: { timezone: 'Europe/Berlin' },
}, done)
analytics.track({ userId, event: 'Order Completed', messageId: 'node-rudder-order', properties: { revenue: 39.95 } }, done)
analytics.page({ userId, name: 'Home', properties: { url: 'https://shop.example/' } }, done)
analytics.screen({ userId, name: 'Start' }, done)
analytics.group({ userId, groupId: 'g-1', traits: { name: 'Initech' } }, done)
analytics.track({ userId: 'node-rudder-old', event: 'Signed Up' }, done)
analytics.alias({ userId, previousId: 'node-rudder-old' }, done)
await analytics.flush()
if (failed.length) {
  console.error(failed)
  process.exit(1)
}
process.exit(0)
