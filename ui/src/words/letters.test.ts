import { describe, expect, it } from 'vitest'

import { EventReader } from '@/api/events'

import { framePage, headerPairs, initials, isWebAddress, plainText, prettyJson, splitLinks } from './letters'
import { toYaml } from './yaml'

describe('the page of an email', () => {
  it('opens links in a new tab, whatever the email brings', () => {
    expect(framePage('<html><head lang="x"><title>a</title></head></html>')).toBe(
      '<html><head lang="x"><base target="_blank"><title>a</title></head></html>',
    )
    expect(framePage('<p>Hi</p>')).toContain('<base target="_blank"></head><body><p>Hi</p>')
  })
  it('is not fooled by a header element', () => {
    expect(framePage('<header>x</header>')).toContain('<body><header>x</header>')
  })
})

describe('texts', () => {
  it('takes the words out of HTML', () => {
    expect(plainText('<style>p{}</style><h1>Hello&nbsp;you</h1>\n<p>1 &lt; 2 &bogus;</p>')).toBe('Hello you 1 < 2 &bogus;')
    expect(plainText('a < b and c > d')).toBe('a < b and c > d')
  })
  it('makes links of web addresses only', () => {
    expect(splitLinks('Look: https://a.example/x?y=1. javascript:alert(1)')).toEqual([
      { text: 'Look: ' },
      { text: 'https://a.example/x?y=1', href: 'https://a.example/x?y=1' },
      { text: '. javascript:alert(1)' },
    ])
    expect([isWebAddress('https://a'), isWebAddress('javascript:alert(1)'), isWebAddress(null)]).toEqual([
      true, false, false,
    ])
  })
  it('opens JSON in a string and leaves other text', () => {
    expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}')
    expect(prettyJson('not json')).toBe('not json')
  })
  it('reads headers in both shapes', () => {
    expect(headerPairs({ A: 'b' })).toEqual([['A', 'b']])
    expect(headerPairs([['A', 'b'], ['A', 'c']])).toHaveLength(2)
  })
  it('abbreviates names', () => {
    expect([initials('Ada M. Lovelace'), initials('zoe'), initials('')]).toEqual(['AL', 'Z', '?'])
  })
})

describe('YAML', () => {
  it('writes maps, lists and several lines', () => {
    const document = {
      name: 'welcome-series',
      trigger: { event: 'user_signup', where: {} },
      messages: [{ delay: '2h', content: { subject: 'Hi, {{name}}', html: '<p>\n  Hello\n\n</p>\n' } }],
    }
    expect(toYaml(document)).toBe(
      [
        'name: welcome-series',
        'trigger:',
        '  event: user_signup',
        '  where: {}',
        'messages:',
        '  - delay: "2h"',
        '    content:',
        '      subject: "Hi, {{name}}"',
        '      html: |',
        '        <p>',
        '          Hello',
        '',
        '        </p>',
        '',
      ].join('\n'),
    )
  })
  it('quotes what YAML would misread', () => {
    expect(toYaml({ a: 'no', b: '09:00', c: 'x: y', $gt: 5, d: ' pad', e: 'tab\there\n', f: [] })).toBe(
      'a: "no"\nb: "09:00"\nc: "x: y"\n"$gt": 5\nd: " pad"\ne: "tab\\there\\n"\nf: []\n',
    )
  })
  it('returns a written document as it is', () => {
    expect(toYaml('name: x # mine\n')).toBe('name: x # mine\n')
  })
})

describe('the event stream', () => {
  it('puts pieces together wherever they were cut', () => {
    const whole = ': hello\r\nevent: overview\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata: x\n\n'
    for (let cut = 1; cut < whole.length; cut++) {
      const reader = new EventReader()
      const events = [...reader.push(whole.slice(0, cut)), ...reader.push(whole.slice(cut))]
      expect(events, `cut at ${cut}`).toEqual([
        { event: 'overview', data: '{"a":\n1}' },
        { event: 'message', data: 'x' },
      ])
    }
  })
  it('gives nothing for a heartbeat or an event without data', () => {
    const reader = new EventReader()
    expect(reader.push(':\n\nevent: ping\n\ndata: y\n\n')).toEqual([{ event: 'message', data: 'y' }])
  })
})
