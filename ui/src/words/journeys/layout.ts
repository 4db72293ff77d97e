/**
 * Where the nodes of a graph stand: in layers from the top down, each below all that lead to it, in the order in which
 * ways cross least. Ways that lead back do not count. Pure, and the same again for the same graph.
 */

export interface Link {
  from: string
  to: string
}

export interface Spot {
  x: number // of the left edge
  y: number // of the top edge
  layer: number
}

export interface Point {
  x: number
  y: number
}

interface Sizes {
  width: number
  gap: number // between two nodes of a layer
  rise: number // between two layers
  lane: number // width that a way takes where it passes a layer
  heightOf: (name: string) => number
}

export interface Layout {
  spots: Map<string, Spot>
  routes: Map<string, Point[]> // by `routeKey`: where a way passes the layers between its ends, from the top down
  returns: Set<string> // by `routeKey`: ways that lead back
}

export function routeKey({ from, to }: Link): string {
  return `${from}\n${to}`
}

const ROUNDS = 6 // of ordering; more changes nothing in graphs of this size

export function layOut(names: readonly string[], links: readonly Link[], sizes: Sizes): Layout {
  const known = new Set(names)
  const inside = links.filter(({ from, to }) => known.has(from) && known.has(to))
  const forward = withoutReturns(names, inside.filter(({ from, to }) => from !== to))
  const ranks = rank(names, forward)
  const { through, short, passes } = passLayers(forward, ranks)
  const layers = order(group([...names, ...through.keys()], new Map([...ranks, ...through])), short)
  const widthOf = (name: string): number => (through.has(name) ? sizes.lane : sizes.width)
  const middles = align(layers, short, widthOf, sizes.gap)
  const tops = stack(layers, through, sizes)
  const spots = new Map<string, Spot>()
  layers.forEach((layer, number) => {
    for (const name of layer) {
      if (!through.has(name)) spots.set(name, { x: (middles.get(name) ?? 0) - sizes.width / 2, y: tops[number]?.y ?? 0, layer: number })
    }
  })
  const routes = new Map<string, Point[]>()
  for (const [key, passed] of passes) {
    routes.set(key, passed.flatMap((name) => {
      const { y = 0, height = 0 } = tops[through.get(name) ?? 0] ?? {}
      const x = middles.get(name) ?? 0
      return [{ x, y }, { x, y: y + height }]
    }))
  }
  const kept = new Set(forward.map(routeKey))
  return { spots, routes, returns: new Set(inside.map(routeKey).filter((key) => !kept.has(key))) }
}

/** Ways over several layers, cut into ways from layer to layer: `through` are the places where they pass. */
function passLayers(links: readonly Link[], ranks: ReadonlyMap<string, number>) {
  const through = new Map<string, number>()
  const short: Link[] = []
  const passes = new Map<string, string[]>()
  for (const link of links) {
    if (passes.has(routeKey(link))) continue
    const passed: string[] = []
    let from = link.from
    for (let layer = (ranks.get(link.from) ?? 0) + 1; layer < (ranks.get(link.to) ?? 0); layer++) {
      const place = `${routeKey(link)}\n${layer}`
      through.set(place, layer)
      passed.push(place)
      short.push({ from, to: place })
      from = place
    }
    short.push({ from, to: link.to })
    passes.set(routeKey(link), passed)
  }
  return { through, short, passes }
}

function stack(layers: string[][], through: ReadonlyMap<string, number>, sizes: Sizes): { y: number; height: number }[] {
  let y = 0
  return layers.map((layer) => {
    const height = Math.max(...layer.filter((name) => !through.has(name)).map(sizes.heightOf), 0)
    const top = { y, height }
    y += height + sizes.rise
    return top
  })
}

/** The links without those that lead back to where the way came from: what is left has no circle. */
export function withoutReturns(names: readonly string[], links: readonly Link[]): Link[] {
  const next = new Map<string, Link[]>()
  for (const link of links) next.set(link.from, [...(next.get(link.from) ?? []), link])
  const state = new Map<string, 'open' | 'done'>()
  const kept: Link[] = []
  // By hand, since a long journey would be a deep recursion.
  for (const root of names) {
    if (state.has(root)) continue
    const stack: { name: string; rest: Link[] }[] = [{ name: root, rest: [...(next.get(root) ?? [])] }]
    state.set(root, 'open')
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const link = top.rest.shift()
      if (!link) {
        state.set(top.name, 'done')
        stack.pop()
        continue
      }
      if (state.get(link.to) === 'open') continue
      kept.push(link)
      if (state.has(link.to)) continue
      state.set(link.to, 'open')
      stack.push({ name: link.to, rest: [...(next.get(link.to) ?? [])] })
    }
  }
  return kept
}

/** The longest way from a beginning to each node. */
function rank(names: readonly string[], links: readonly Link[]): Map<string, number> {
  const ranks = new Map(names.map((name) => [name, 0]))
  const incoming = new Map(names.map((name) => [name, 0]))
  for (const { to } of links) incoming.set(to, (incoming.get(to) ?? 0) + 1)
  const ready = names.filter((name) => incoming.get(name) === 0)
  for (let name = ready.shift(); name !== undefined; name = ready.shift()) {
    for (const { from, to } of links) {
      if (from !== name) continue
      ranks.set(to, Math.max(ranks.get(to) ?? 0, (ranks.get(name) ?? 0) + 1))
      const left = (incoming.get(to) ?? 1) - 1
      incoming.set(to, left)
      if (left === 0) ready.push(to)
    }
  }
  return ranks
}

function group(names: readonly string[], ranks: ReadonlyMap<string, number>): string[][] {
  const layers: string[][] = []
  for (const name of names) {
    const rank = ranks.get(name) ?? 0
    while (layers.length <= rank) layers.push([])
    layers[rank]?.push(name)
  }
  return layers.filter((layer) => layer.length > 0)
}

/** Sorts each layer by the middle of its neighbours, down and up again. */
function order(layers: string[][], links: readonly Link[]): string[][] {
  let sorted = layers
  for (let round = 0; round < ROUNDS; round++) {
    const down = round % 2 === 0
    const place = new Map<string, number>()
    const through = down ? sorted : sorted.toReversed()
    const walked = through.map((layer) => {
      const middle = new Map(layer.map((name, at) => [name, middleOf(neighbours(name, links, down), place) ?? at]))
      const next = layer.toSorted((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0))
      next.forEach((name, at) => place.set(name, at - (next.length - 1) / 2))
      return next
    })
    sorted = down ? walked : walked.toReversed()
  }
  return sorted
}

function neighbours(name: string, links: readonly Link[], above: boolean): string[] {
  return links.filter((link) => (above ? link.to : link.from) === name).map((link) => (above ? link.from : link.to))
}

function middleOf(names: readonly string[], place: ReadonlyMap<string, number>): number | null {
  const known = names.map((name) => place.get(name)).filter((at) => at !== undefined)
  return known.length > 0 ? known.reduce((sum, at) => sum + at, 0) / known.length : null
}

/** Middles: each node under the middle of those above it, as far as its neighbours in the layer let it. */
function align(layers: string[][], links: readonly Link[], widthOf: (name: string) => number, gap: number): Map<string, number> {
  const places = new Map<string, number>()
  for (const layer of layers) {
    const apart = layer.map((name, at) => (at === 0 ? 0 : (widthOf(layer[at - 1] ?? '') + widthOf(name)) / 2 + gap))
    const wanted = layer.map((name) => {
      const above = neighbours(name, links, true).filter((other) => places.has(other))
      if (above.length === 0) return 0
      const middle = above.reduce((sum, other) => sum + (places.get(other) ?? 0), 0) / above.length
      // Siblings below one node spread around it.
      const siblings = layer.filter((other) => neighbours(other, links, true).some((each) => above.includes(each)))
      const widths = siblings.map((each) => widthOf(each) + gap)
      const before = widths.slice(0, siblings.indexOf(name)).reduce((sum, width) => sum + width, 0)
      const all = widths.reduce((sum, width) => sum + width, 0)
      return middle + before + (widthOf(name) + gap) / 2 - all / 2
    })
    spread(wanted, apart).forEach((x, at) => places.set(layer[at] ?? '', x))
  }
  return places
}

/** Keeps the order and the distances; what must give way does so to both sides. */
function spread(wanted: number[], apart: number[]): number[] {
  const right = wanted.slice()
  for (let at = 1; at < right.length; at++) right[at] = Math.max(right[at] ?? 0, (right[at - 1] ?? 0) + (apart[at] ?? 0))
  const left = wanted.slice()
  for (let at = left.length - 2; at >= 0; at--) left[at] = Math.min(left[at] ?? 0, (left[at + 1] ?? 0) - (apart[at + 1] ?? 0))
  return right.map((x, at) => (x + (left[at] ?? x)) / 2)
}
