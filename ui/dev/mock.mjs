// A stand-in for the API while one works on the screens: `npm run mock`, then `npm run dev` or `npm run preview`.
// MOCK_PORT (8000); MOCK_KEY asks for that key; MOCK_EMPTY=1 is a house where nothing has happened.

import { createServer } from 'node:http'

import { ago, arrive, campaigns, customers, random, series, timeline } from './data.mjs'
import { answerPeople, person, seen } from './people.mjs'

const { MOCK_PORT = '8000', MOCK_KEY, MOCK_EMPTY } = process.env
const empty = MOCK_EMPTY === '1'
const outbox = empty ? [] : Array.from({ length: 60 }, (_, n) => arrive((60 - n) * 47)).reverse()
const streams = new Set()
const events = Array.from({ length: 60 }, (_, n) => seen((60 - n) * 7)).reverse()
const day = empty ? [] : series(420)
const WHOLE = ['description', 'document', 'segments', 'frequency', 'success_metrics', 'steps', 'by_channel', 'reasons', 'launches', 'series']
const row = (campaign) => Object.fromEntries(Object.entries(campaign).filter(([key]) => !WHOLE.includes(key)))

const workers = [
  { id: 'engine-1', kind: 'engine', detail: '64 lanes', seen_at: ago(1), alive: true },
  { id: 'deliver-1', kind: 'delivery', detail: 'email, sms, push, in_app', seen_at: ago(2), alive: true },
  { id: 'deliver-2', kind: 'delivery', detail: 'webhook', seen_at: ago(90), alive: false },
]

function overview() {
  const channels = {}
  for (const campaign of empty ? [] : campaigns) {
    for (const numbers of campaign.by_channel) {
      const all = (channels[numbers.channel] ??= { channel: numbers.channel })
      for (const [key, value] of Object.entries(numbers)) if (typeof value === 'number') all[key] = (all[key] ?? 0) + value
    }
  }
  const rows = Object.values(channels)
  const sum = (key) => rows.reduce((all, each) => all + each[key], 0)
  const totals = Object.fromEntries(['sent', 'delivered', 'failed', 'opened', 'clicked', 'converted', 'revenue'].map((key) => [key, sum(key)]))
  Object.assign(totals, { approved: totals.sent + 40, dropped: 1407, held: 640, unknown: 3, unsubscribed: 41, bounced: 77 })
  if (empty) for (const key of Object.keys(totals)) totals[key] = 0
  const last_hour = Object.fromEntries(Object.entries(totals).map(([key, value]) => [key, Math.round(value / 37)]))
  return {
    now: ago(0), customers: empty ? 0 : 12480, enrollments_active: empty ? 0 : 5212, totals, last_hour, channels: rows, currency: 'EUR',
    campaigns: empty ? [] : campaigns.map(row), waiting: { approved: empty ? 0 : Math.round(random() * 60), timers_due: 0 },
    workers, series: day,
  }
}

setInterval(() => {
  if (empty) return
  const campaign = campaigns[Math.floor(random() * 2)]
  campaign.sent += 3
  campaign.by_channel[0].sent += 3
  const message = arrive()
  outbox.unshift(message)
  const event = seen()
  events.unshift(event)
  for (const { kind, answer } of streams) {
    if (kind === 'debugger') answer.write(`data: ${JSON.stringify(event)}\n\n`)
    else if (kind === 'live') answer.write(`event: overview\ndata: ${JSON.stringify(overview())}\n\n`)
    else answer.write(`event: message\ndata: ${JSON.stringify({ id: message.id, channel: message.channel })}\n\n`)
  }
}, 1500)

const page = (list, query, key) => {
  const start = query.get('before') ? list.findIndex((each) => each[key] === query.get('before')) + 1 : 0
  const some = list.slice(start, start + Number(query.get('limit') ?? 50))
  return [some, start + some.length < list.length ? some.at(-1)[key] : null]
}
const problem = (status, code, detail, problems = []) => [status, { type: 'about:blank', title: detail, status, code, detail, problems }]

function validate(text) {
  const problems = []
  if (!/name["']?:/.test(text)) problems.push({ code: 'document.missing_field', path: 'name', message: 'a campaign needs a name', fix: 'add name: with a short word of letters and hyphens' })
  if (/chanel/.test(text)) problems.push({ code: 'document.unknown_field', path: 'messages[0].chanel', message: 'there is no field "chanel"', fix: 'did you mean "channel"?' })
  return problems
}

function customer(reference) {
  const found = customers.find((each) => each.external_id === reference || each.id === reference)
  return found && {
    ...found, timezone: 'Europe/Berlin', locale: 'de-DE', handles: {}, attributes: { plan: 'free', profile_completed: false, cart_value: 83.5, cart_items: [{ name: 'Wool' }, { name: 'Tea' }] },
    preferences: { push: true }, caps: { email: 2 }, consents: { sms: false }, suppressions: {}, last_purchase_at: ago(90000),
    enrollments: [
      { id: 'n1', campaign: 'welcome-series', title: 'Welcome series', step: 3, step_name: 'wait-3', status: 'active', entered_at: ago(7200), due_at: ago(-79000), exit_reason: null },
      { id: 'n2', campaign: 'abandoned-cart-recovery', title: 'Abandoned-cart recovery', step: 4, step_name: null, status: 'exited', entered_at: ago(95000), due_at: null, exit_reason: 'converted' },
    ],
    ...person(found),
    summary: { sent: 7, opened: 4, clicked: 2, converted: 1, revenue: 41.37 },
  }
}

function answer(method, url, text) {
  const path = decodeURIComponent(url.pathname)
  const query = url.searchParams
  const [, , what, name, deed] = path.split('/')
  const campaign = what === 'campaigns' && !empty ? campaigns.find((each) => each.name === name) : undefined
  const told = answerPeople(method, path, text, events.slice(0, 200), empty)
  if (told) return told
  if (path === '/api/overview') return [200, overview()]
  if (path === '/api/campaigns/validate') return [200, { problems: validate(text) }]
  if (path === '/api/campaigns' && method === 'POST') {
    const problems = validate(text)
    if (problems.length > 0) return problem(422, 'input.refused', 'The document has problems.', problems)
    const named = /name["']?:\s*["']?([\w-]+)/.exec(text)[1]
    const known = campaigns.some((each) => each.name === named)
    return [200, { name: named, revision: 1, changed: true, action: known ? 'update' : 'create', changes: ['messages[0].content.subject'] }]
  }
  if (path === '/api/campaigns') return [200, { campaigns: empty ? [] : campaigns.map(row) }]
  if (campaign && deed) {
    if (deed === 'launch' && text.includes('nobody')) return problem(422, 'input.refused', 'Some customers are not known.', [{ code: 'launch.unknown_customer', path: 'customers[0]', message: 'there is no customer called "nobody"', fix: 'import the customer first' }])
    campaign.status = { launch: 'running', pause: 'paused', resume: 'running', cancel: 'cancelled' }[deed]
    return [200, row(campaign)]
  }
  if (campaign) return [200, campaign]
  if (path === '/api/blueprints') return [200, campaigns.slice(0, 3).map(({ name, title, description, document }) => ({ name, title, description, document }))]
  if (path === '/api/customers') {
    const q = (query.get('q') ?? '').toLowerCase()
    const found = empty ? [] : customers.filter((each) => JSON.stringify(each).toLowerCase().includes(q))
    const [some, next] = page(found, query, 'id')
    return [200, { customers: some, next }]
  }
  if (what === 'customers' && deed === 'timeline') return [200, { entries: timeline(), next: null }]
  if (what === 'customers' && customer(name)) return [200, customer(name)]
  if (path === '/api/outbox/messages') {
    const q = (query.get('q') ?? '').toLowerCase()
    const found = outbox.filter((each) => (!query.get('channel') || each.channel === query.get('channel')) && JSON.stringify(each).toLowerCase().includes(q))
    const counts = {}
    for (const each of outbox) counts[each.channel] = (counts[each.channel] ?? 0) + 1
    return [200, { messages: page(found, query, 'id')[0], counts }]
  }
  if (what === 'outbox') return [200, outbox.find((each) => each.id === deed)]
  if (path === '/api/status') {
    return [200, { version: '0.1.0', database: 'PostgreSQL 18.0, embedded', lanes: 64, workers, channels: [
      { channel: 'email', provider: 'smtp://127.0.0.1:2525', problems: [] },
      { channel: 'sms', provider: 'twilio://127.0.0.1:8025', problems: [] },
      { channel: 'push', provider: 'fcm://fcm.googleapis.com', problems: [{ code: 'provider.credentials', message: 'the service account file cannot be read', path: 'MOTET_PUSH', fix: 'name a readable file in credentials=' }] },
      { channel: 'in_app', provider: 'inbox://', problems: [] },
      { channel: 'webhook', provider: null, problems: [{ code: 'channel.no_provider', message: 'no provider is set up', path: 'MOTET_WEBHOOK', fix: 'set MOTET_WEBHOOK=standard://whsec_...' }] },
    ] }]
  }
  return problem(404, 'not_found', 'there is nothing here')
}

createServer((request, reply) => {
  const url = new URL(request.url, 'http://mock')
  if (MOCK_KEY && request.headers.authorization !== `Bearer ${MOCK_KEY}`) {
    reply.writeHead(401, { 'Content-Type': 'application/problem+json' }).end('{"detail": "a key is needed", "code": "auth.required"}')
    return
  }
  const kind = { '/api/live': 'live', '/api/outbox/stream': 'outbox', '/api/debugger/stream': 'debugger' }[url.pathname]
  if (kind) {
    reply.writeHead(200, { 'Content-Type': 'text/event-stream' })
    reply.write(kind === 'debugger' ? ': hello\n\n' : `event: overview\ndata: ${JSON.stringify(overview())}\n\n`)
    const stream = { kind, answer: reply }
    streams.add(stream)
    request.on('close', () => streams.delete(stream))
    return
  }
  let text = ''
  request.on('data', (piece) => (text += piece))
  request.on('end', () => {
    const [status, body] = answer(request.method, url, text)
    reply.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  })
}).listen(Number(MOCK_PORT), '127.0.0.1', () => console.log(`mock on ${MOCK_PORT}`))
