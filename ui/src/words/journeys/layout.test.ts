import { describe, expect, it } from 'vitest'

import { edgeLabel, fold } from './fold'
import { layOut as place, type Link, routeKey, withoutReturns } from './layout'

const SIZES = { width: 100, gap: 20, rise: 30, lane: 30, heightOf: () => 50 }
const layOut = (names: string[], links: Link[], sizes: typeof SIZES) => place(names, links, sizes).spots
const link = (from: string, to: string) => ({ from, to })

describe('the layout', () => {
  it('puts each node below all that lead to it', () => {
    const links = [link('a', 'b'), link('b', 'c'), link('a', 'c')]
    const spots = layOut(['a', 'b', 'c'], links, SIZES)
    expect(['a', 'b', 'c'].map((name) => spots.get(name)?.layer)).toEqual([0, 1, 2])
    expect(spots.get('c')?.y).toBe(160)
  })
  it('leads a long way past the nodes between its ends', () => {
    const links = [link('a', 'b'), link('b', 'c'), link('a', 'c')]
    const { spots, routes } = place(['a', 'b', 'c'], links, SIZES)
    const [top, bottom] = routes.get(routeKey(link('a', 'c'))) ?? []
    expect([top?.y, bottom?.y]).toEqual([80, 130])
    const left = spots.get('b')?.x ?? 0
    expect((top?.x ?? left) < left || (top?.x ?? left) > left + SIZES.width).toBe(true)
    expect(routes.get(routeKey(link('a', 'b')))).toEqual([])
  })
  it('lets no two nodes of a layer touch', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const links = [...['b', 'c', 'd'].map((to) => link('a', to)), link('b', 'e'), link('b', 'f'), link('c', 'g'), link('d', 'g')]
    const spots = layOut(names, links, SIZES)
    for (const one of names) {
      for (const other of names) {
        const [a, b] = [spots.get(one), spots.get(other)]
        if (one !== other && a?.layer === b?.layer) expect(Math.abs((a?.x ?? 0) - (b?.x ?? 0))).toBeGreaterThanOrEqual(120)
      }
    }
  })
  it('stands a single follower right below', () => {
    const spots = layOut(['a', 'b'], [link('a', 'b')], SIZES)
    expect(spots.get('a')?.x).toBe(spots.get('b')?.x)
  })
  it('comes to an end where the way leads back', () => {
    const links = [link('a', 'b'), link('b', 'c'), link('c', 'a'), link('c', 'd')]
    expect(withoutReturns(['a', 'b', 'c', 'd'], links)).toEqual([link('a', 'b'), link('b', 'c'), link('c', 'd')])
    const { spots, returns } = place(['a', 'b', 'c', 'd'], links, SIZES)
    expect([spots.get('d')?.layer, [...returns]]).toEqual([3, [routeKey(link('c', 'a'))]])
  })
})

const node = (name: string, present = 0, entered = 0) => ({
  step: 0, name, kind: 'delay', summary: '', present, entered, departed: 0, quarantined: 0, left: [],
})

describe('folding', () => {
  const drawing = {
    trigger: '', segments: [], goals: [], exits: [],
    nodes: [node('hello:delay', 3, 9), node('hello', 1, 6), node('exit', 0, 5)],
    edges: [{ from: 'hello:delay', to: 'hello' }, { from: 'hello', to: 'exit', label: 'sent' }, { from: 'exit', to: 'hello:delay' }],
  }
  it('lays a helper into the step that it helps, with its people', () => {
    expect(fold(drawing).nodes.map(({ name, parts, present, entered }) => [name, parts.length, present, entered])).toEqual([
      ['hello', 2, 4, 9], ['exit', 1, 0, 5],
    ])
  })
  it('leads the ways of a helper to its step', () => {
    expect(fold(drawing).edges).toEqual([
      { from: 'hello', to: 'exit', label: 'sent' }, { from: 'exit', to: 'hello', label: '' },
    ])
  })
  it('makes one node of a step that speaks on several channels', () => {
    const parts = [node('hi:email'), node('hi:push:delay'), node('hi:push')].map((part) => (part.name.endsWith('delay') ? part : { ...part, kind: 'message' }))
    const inside = [{ from: 'hi:email', to: 'hi:push:delay' }, { from: 'hi:push:delay', to: 'hi:push' }]
    const { nodes, edges } = fold({ ...drawing, nodes: parts, edges: inside })
    expect(edges).toEqual([])
    expect(nodes.map(({ name, summary, marks }) => [name, summary, marks.length])).toEqual([['hi', 'Say on 2 channels', 3]])
  })
  it('says in its own words where a step that was not due leads', () => {
    const edges = [{ from: 'hello:conditions', to: 'exit', label: 'otherwise' }, { from: 'hello:next', to: 'exit', label: 'otherwise' }]
    expect(fold({ ...drawing, edges }).edges.map(({ label }) => label)).toEqual(['passed over', ''])
  })
  it('says the label and the share of a way', () => {
    expect([edgeLabel({ from: 'a', to: 'b' }), edgeLabel({ from: 'a', to: 'b', share: 0.3 }), edgeLabel({ from: 'a', to: 'b', label: 'b', share: 0.125 })])
      .toEqual(['', '30 %', 'b, 12.5 %'])
  })
})
