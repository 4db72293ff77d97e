// Believable data in the shapes of the API, for looking at the screens. Development only; nothing of it ships.

let seed = 7
export function random() {
  seed = (seed * 1664525 + 1013904223) % 4294967296
  return seed / 4294967296
}
export const pick = (list) => list[Math.floor(random() * list.length)]
export const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString()

const FIRST = ['Amara', 'Jonas', 'Mei', 'Lucía', 'Noor', 'Tomasz', 'Ifeoma', 'Sven', 'Priya', 'Mateo', 'Hana', 'Élodie']
const LAST = ['Okafor', 'Lindqvist', 'Tanaka', 'Moreno', 'Haddad', 'Kowalski', 'Berger', 'Nair', 'Castillo', 'Dubois']
const TAGS = ['new_signup', 'cart_abandoners', 'previous_customer', 'newsletter', 'vip']

export const customers = Array.from({ length: 240 }, (_, n) => {
  const [first, last] = [pick(FIRST), pick(LAST)]
  const slug = `${first}.${last}`.normalize('NFD').replaceAll(/[^a-z.]/gi, '').toLowerCase()
  return {
    id: `0199f3a0-0000-7000-8000-${String(n).padStart(12, '0')}`,
    external_id: `customer-${String(n + 1).padStart(4, '0')}`,
    name: n % 17 === 3 ? null : `${first} ${last}`,
    email: `${slug}${n}@example.com`,
    phone: n % 4 ? `+15550100${String(n % 1000).padStart(3, '0')}` : null,
    tags: TAGS.filter(() => random() < 0.35),
    lifecycle_stage: pick(['prospect', 'new', 'active', 'inactive']),
    created_at: ago(3600 * n * 5 + 200),
    last_interaction_at: n % 5 ? ago(random() * 400000) : null,
  }
})

const message = (index, name, channel, title, body, more = {}) => ({
  index, name, kind: 'message', channel, summary: `Say it by ${channel}`, preview: { title, body },
  present: 0, entered: 0, departed: 0, ...more,
})
const delay = (index, words) => ({
  index, name: `wait-${index}`, kind: 'delay', summary: `wait until ${words} after entering`, present: 0, entered: 0, departed: 0,
})
const exit = (index) => ({ index, name: 'exit', kind: 'exit', summary: 'the end', present: 0, entered: 0, departed: 0 })

const WELCOME = [
  message(0, 'hello', 'email', 'Good to have you, {{first_name}}', '<h1>Hello {{first_name}}</h1><p>Your account is ready. Three short things make it yours, and none takes longer than a coffee.</p>'),
  delay(1, '2 h'),
  message(2, 'profile-nudge', 'sms', null, 'Fern & Field: two taps and your picks fit you. {{profile_url}}', { fallback: 'email' }),
  delay(3, '1 day'),
  message(4, 'profile-push', 'push', 'Still a stranger', 'Tell us what you like, and we show you less of the rest.', { conditions: { profile_completed: false } }),
  delay(5, '3 days'),
  message(6, 'first-days', 'email', 'Getting more out of Fern & Field', '<p>What people who stay tend to find in their first week.</p>'),
  exit(7),
]
const CART = [
  delay(0, '1 h'),
  message(1, 'reminder', 'email', 'Your basket is still here', '<p>We kept {{cart_items.length}} things aside for you.</p>'),
  delay(2, '6 h'),
  message(3, 'nudge', 'sms', null, 'Your basket of {{currency cart_value}} waits: {{checkout_url}}', { conditions: { cart_value: { $gt: 50 } } }),
  delay(4, '12 h'),
  message(5, 'basket-push', 'push', 'One step left', 'Your basket keeps until tomorrow.'),
  delay(6, '1 day'),
  message(7, 'last-offer', 'email', 'Ten percent, until tonight', '<p>Use <b>KEEP10</b> when you check out.</p>'),
  exit(8),
]
const WINBACK = [
  message(0, 'we-noticed', 'email', 'A fifth off, if you like', '<p>It has been a while. A lot is new.</p>'),
  delay(1, '3 days'),
  message(2, 'short-word', 'sms', null, 'Your 20% keeps until Sunday: {{shop_url}}', { conditions: { email_opened: false } }),
  delay(3, '7 days'),
  message(4, 'question', 'email', 'What should we do better?', '<p>Two questions, one minute.</p>', { conditions: { sms_clicked: false } }),
  exit(5),
]
const NEWS = [
  message(0, 'letter', 'email', 'The November letter', '<p>Winter tea, slow baking, and where the wool comes from.</p>'),
  message(1, 'note', 'in_app', 'New in the shop', 'The winter catalogue is here.'),
  message(2, 'stock-system', 'webhook', 'https://stock.example.com/motet', '{"campaign": "november-letter"}'),
  exit(3),
]

function document(name, title, steps, extra) {
  return {
    name, title, description: extra.description, segments: extra.segments, trigger: extra.on ? { event: extra.on } : undefined,
    frequency: { max_emails_per_day: 1, max_sms_per_week: 2 },
    messages: steps.filter(({ kind }) => kind === 'message').map((step) => ({
      name: step.name, channel: step.channel, delay: '2h', conditions: step.conditions, fallback: step.fallback,
      content: step.channel === 'email' ? { subject: step.preview.title, html: `${step.preview.body}\n<p>Yours,\nFern & Field</p>\n` } : { text: step.preview.body },
    })),
  }
}

function byChannel(steps, scale) {
  const rows = {}
  for (const { channel, kind } of steps) {
    if (kind !== 'message') continue
    const sent = Math.round(scale * (0.5 + random() / 2))
    const arrived = Math.round(sent * (0.96 + random() * 0.03))
    const delivered = channel === 'sms' ? arrived : 0 // as with SMTP: taken is not delivered
    const opened = channel === 'email' ? Math.round(arrived * 0.43) : channel === 'in_app' ? Math.round(arrived * 0.61) : 0
    const clicked = channel === 'webhook' ? 0 : Math.round(arrived * (0.06 + random() * 0.08))
    const converted = channel === 'webhook' ? 0 : Math.round(clicked * 0.24)
    const row = (rows[channel] ??= { channel, sent: 0, delivered: 0, failed: 0, opened: 0, clicked: 0, converted: 0, revenue: 0 })
    row.sent += sent
    row.delivered += delivered
    row.failed += sent - arrived
    row.opened += opened
    row.clicked += clicked
    row.converted += converted
    row.revenue += converted * 41.37
  }
  return Object.values(rows).map((row) => ({
    ...row,
    rates: { delivery: row.delivered / (row.sent || 1), open: row.opened / (row.delivered || 1), click: row.clicked / (row.delivered || 1), conversion: row.converted / (row.delivered || 1) },
  }))
}

export const series = (scale) => Array.from({ length: 24 }, (_, n) => {
  const hour = new Date(Date.now() - (23 - n) * 3600_000)
  const wave = 0.25 + Math.max(0, Math.sin(((hour.getHours() - 6) / 24) * 2 * Math.PI)) + random() * 0.15
  const sent = Math.round(scale * wave)
  return { at: new Date(Math.floor(hour.getTime() / 3600_000) * 3600_000).toISOString(), sent, opened: Math.round(sent * 0.36), clicked: Math.round(sent * 0.09), converted: Math.round(sent * 0.024) }
})

const REASONS = [
  ['drop', 'condition_false', 'the message’s condition was not met', 'sms', 812],
  ['hold', 'waits_for_time', 'the message waits for its time', 'email', 640],
  ['drop', 'no_address', 'the customer has no address on this channel', 'push', 431],
  ['drop', 'channel_cap', 'the cap on this channel was reached', 'email', 118],
  ['drop', 'no_consent', 'the customer unsubscribed from this channel', 'email', 37],
  ['drop', 'provider_rejected', 'the provider refused the message', 'email', 9],
].map(([verdict, reason, text, channel, count]) => ({ verdict, reason, text, channel, count }))

function campaign(name, title, kind, status, trigger, steps, scale, extra) {
  const rows = byChannel(steps, scale)
  const sum = (key) => rows.reduce((all, row) => all + row[key], 0)
  let left = scale
  for (const step of steps) {
    step.entered = left
    step.present = status === 'draft' ? 0 : Math.round(left * (step.kind === 'delay' ? 0.08 : 0.002))
    left = step.departed = step.kind === 'exit' ? 0 : step.entered - step.present
  }
  return {
    name, title, status, kind, trigger, revision: 2, channels: [...new Set(rows.map(({ channel }) => channel))],
    created_at: ago(86400 * 9), started_at: status === 'draft' ? null : ago(86400 * 6 + 4000),
    enrolled: scale, active: Math.round(scale * 0.31),
    ...Object.fromEntries(['sent', 'delivered', 'failed', 'opened', 'clicked', 'converted', 'revenue'].map((key) => [key, sum(key)])),
    dropped: scale ? 1407 : 0, held: scale ? 640 : 0,
    description: extra.description, document: document(name, title, steps, extra), segments: extra.segments,
    frequency: ['at most 1 email a day', 'at most 2 SMS a week', 'at most 1 push a day'],
    success_metrics: ['profile_completion_rate', 'first_week_engagement'],
    steps, by_channel: rows, reasons: scale ? REASONS : [],
    launches: scale ? [{ id: `${name}-1`, kind: kind === 'broadcast' ? 'audience' : 'listen', created_at: ago(86400 * 6), enrolled: scale, refused: 214, done_lanes: status === 'running' && kind === 'broadcast' ? 41 : 64, lanes: 64 }] : [],
    series: scale ? series(scale / 40) : [],
  }
}

export const campaigns = [
  campaign('welcome-series', 'Welcome series', 'event', 'running', 'When a customer signs up', WELCOME, 4820,
    { description: 'The first week of a new customer, over email, SMS and push.', segments: ['new_signup'], on: 'user_signup' }),
  campaign('abandoned-cart-recovery', 'Abandoned-cart recovery', 'event', 'running', 'When a cart worth more than 25 is abandoned', CART, 2360,
    { description: 'Brings back those who left something in the basket.', segments: ['cart_abandoners'], on: 'cart_abandoned' }),
  campaign('win-back', 'Win-back', 'state', 'paused', 'When nothing was heard for 30 days', WINBACK, 1130,
    { description: 'A word to those who have been away.', segments: ['inactive'] }),
  campaign('november-letter', 'The November letter', 'broadcast', 'running', 'Sent at launch', NEWS, 9400,
    { description: 'The monthly letter to everyone who wants it.', segments: ['newsletter'] }),
  campaign('spring-greeting', 'Spring greeting', 'broadcast', 'draft', 'Sent at launch', structuredClone(NEWS), 0,
    { description: 'Not launched yet.', segments: ['previous_customer', 'vip'] }),
]

const HTML = `<!doctype html><html><head><meta charset="utf-8"><style>a{color:#fff}</style></head><body style="margin:0;background:#f2efe8;font-family:Helvetica,Arial,sans-serif">
<table width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:32px 12px"><table width="560" style="max-width:560px;background:#fff;border-radius:12px"><tr><td style="padding:36px 40px">
<p style="margin:0 0 18px;color:#00695a;font-weight:bold">Fern &amp; Field</p><h1 style="font-size:26px;margin:0 0 14px">Good to have you, NAME</h1>
<p style="line-height:1.6;color:#333">Your account is ready. Three short things make it yours, and none takes longer than a coffee.</p>
<p><a href="http://127.0.0.1:8000/t/c/abc?u=https%3A%2F%2Fshop.example%2Fprofile" style="display:inline-block;background:#00695a;color:#fff;padding:13px 22px;border-radius:8px;text-decoration:none">Finish my profile</a></p>
<script>document.body.innerHTML = 'a script ran'</script>
<p style="color:#888;font-size:12px;margin-top:32px">Fern &amp; Field, 1 Orchard Lane · <a style="color:#888" href="http://127.0.0.1:8000/u/abc">Unsubscribe</a></p></td></tr></table></td></tr></table></body></html>`

let sequence = 0
export function arrive(seconds = 0) {
  const to = pick(customers)
  const name = (to.name ?? 'there').split(' ')[0]
  const channel = pick(['email', 'email', 'email', 'sms', 'push', 'in_app', 'webhook'])
  const base = { id: String(++sequence).padStart(16, '0'), channel, at: ago(seconds) }
  const link = 'https://motet.example/t/c/k3J9s0?u=https%3A%2F%2Fshop.example'
  switch (channel) {
    case 'email': {
      const subject = pick([`Good to have you, ${name}`, 'Your basket is still here', 'Getting more out of Fern & Field', 'A fifth off, if you like'])
      return { ...base, to: to.email, from: 'Fern & Field <hello@fern.example>', title: subject, subject, preview: 'Your account is ready. Three short things make it yours, and none takes longer than a coffee.', html: HTML.replace('NAME', name), text: `Good to have you, ${name}\n\nYour account is ready. Finish your profile:\n${link}\n\nUnsubscribe: https://motet.example/u/abc\n`,
        headers: { From: 'Fern & Field <hello@fern.example>', To: to.email, Subject: subject, 'Message-ID': '<0199f3a0000070008000000000000001@fern.example>', 'List-Unsubscribe': '<https://motet.example/u/abc>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click', 'DKIM-Signature': 'v=1; a=ed25519-sha256; c=relaxed/relaxed; d=fern.example; s=m1; b=k2f9sdkfj2390sldkfj' } }
    }
    case 'sms': {
      const text = `Fern & Field: hi ${name}, two taps and your picks fit you. ${link}`
      return { ...base, to: to.phone ?? '+15550100999', from: '+15550100001', title: text.slice(0, 40), preview: text, text }
    }
    case 'push':
      return { ...base, to: `device ${sequence}a3f…`, from: 'Fern & Field', title: 'One step left', preview: 'Your basket keeps until tomorrow.', body: 'Your basket keeps until tomorrow.', url: link, tokens: ['a3f', 'b71'] }
    case 'in_app':
      return { ...base, to: to.external_id, from: 'Fern & Field', title: 'New in the shop', preview: 'The winter catalogue is here: wool, tea and slow baking.', body: 'The winter catalogue is here: wool, tea and slow baking.', url: link }
    default:
      return { ...base, to: 'https://stock.example.com/motet', from: 'motet', title: 'POST stock.example.com', preview: '{"campaign":"november-letter"}', url: 'https://stock.example.com/motet', verified: true, headers: { 'webhook-id': base.id, 'webhook-timestamp': '1795513200', 'webhook-signature': 'v1,Kk3…' }, body: JSON.stringify({ campaign: 'november-letter', customer: to.external_id, items: [{ sku: 'W-12', count: 2 }] }) }
  }
}

export function timeline() {
  const c = { campaign: 'welcome-series', campaign_title: 'Welcome series' }
  return [
    { id: 'e9', at: ago(260), kind: 'event', status: 'click', title: 'Clicked a link in the email', detail: 'Hello · https://shop.example/profile', reasons: [], channel: 'email', properties: { url: 'https://shop.example/profile' }, message_id: 'm1', ...c },
    { id: 'd3', at: ago(900), kind: 'decision', title: 'Push message not sent: Profile push', status: 'drop', channel: 'push', detail: 'The push message was not sent: the customer has no address on this channel.', reasons: [{ code: 'no_address', text: 'the customer has no address on this channel' }], ...c },
    { id: 'd2', at: ago(3300), kind: 'decision', title: 'SMS held back: Profile nudge', status: 'hold', channel: 'sms', detail: '', reasons: [{ code: 'channel_cap', text: 'the cap on this channel was reached' }, { code: 'cooldown', text: 'the campaign’s cooldown has not passed' }], until: ago(-5400), ...c },
    { id: 'e8', at: ago(5000), kind: 'event', status: 'view', title: 'Opened the email', detail: 'Hello', reasons: [], channel: 'email', message_id: 'm1', ...c },
    { id: 'm1', at: ago(7190), kind: 'message', title: 'Email: Hello', status: 'accepted', channel: 'email', detail: 'Sent at 09:52, then opened and clicked.', reasons: [], ...c },
    { id: 'd1', at: ago(7200), kind: 'decision', title: 'Email sent: Hello', status: 'send', channel: 'email', detail: 'Sent by email: nothing stood against it.', reasons: [{ code: 'eligible', text: 'nothing stood against it' }], ...c },
    { id: 'e7', at: ago(7201), kind: 'event', status: 'user_signup', title: 'User signup', detail: 'plan: free', reasons: [], properties: { plan: 'free', source: 'web' } },
    { id: 'e6', at: ago(7300 + 86400), kind: 'event', status: 'purchase', title: 'Purchase', detail: 'worth 41.37', reasons: [], properties: { items: ['wool socks', 'tea'] } },
    { id: 'm0', at: ago(9300 + 86400), kind: 'message', title: 'SMS: Parcel', status: 'unknown', channel: 'sms', detail: 'The provider’s answer was lost, so it may or may not have been sent.', reasons: [{ code: 'answer_lost', text: '' }] },
  ]
}
