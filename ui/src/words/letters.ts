/** Text made from messages: the page that shows an email, previews without tags, web addresses in a text. Pure. */

/**
 * The email's HTML as the page of a sandboxed frame: links open in a new tab.
 * The frame runs no script, so nothing in the HTML is changed or trusted.
 */
export function framePage(html: string): string {
  const base = '<base target="_blank">'
  const head = /<head(\s[^>]*)?>/i.exec(html)
  if (head) {
    const end = head.index + head[0].length
    return html.slice(0, end) + base + html.slice(end)
  }
  return `<!doctype html><html><head><meta charset="utf-8">${base}</head><body>${html}</body></html>`
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** The words of an HTML fragment on one line; text without tags is only folded. */
export function plainText(html: string): string {
  return html
    .replaceAll(/<(style|script|title)\b[^>]*>[\s\S]*?<\/\1>/gi, ' ')
    .replaceAll(/<!--[\s\S]*?-->/g, ' ')
    .replaceAll(/<\/?[a-z][^>]*>/gi, ' ')
    .replaceAll(/&(\w+);/g, (whole: string, name: string) => ENTITIES[name.toLowerCase()] ?? whole)
    .replaceAll(/\s+/g, ' ')
    .trim()
}

export interface TextPart {
  text: string
  href?: string
}

/** Cuts a text at its web addresses, so that a screen can make links of http and https, and of nothing else. */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/g)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index) })
    parts.push({ text: match[0], href: match[0] })
    end = match.index + match[0].length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}

/** Whether an address may become a link: no `javascript:` from somebody else's message. */
export function isWebAddress(url: string | null | undefined): url is string {
  return typeof url === 'string' && /^https?:\/\//i.test(url)
}

/** Headers as pairs, whichever of the two JSON shapes they came in. */
export function headerPairs(headers: Record<string, string> | [string, string][] | undefined): [string, string][] {
  if (!headers) return []
  return Array.isArray(headers) ? headers : Object.entries(headers)
}

/** JSON with two spaces; a string that holds JSON is opened first, any other text is left as it is. */
export function prettyJson(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, 2)
  try {
    return JSON.stringify(JSON.parse(value), null, 2)
  } catch {
    return value
  }
}

/** Two letters for a round picture: of the name's first and last word, or of the address. */
export function initials(name: string): string {
  const words = name.split(/[\s._@-]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]]
  return letters.map((word) => word?.charAt(0).toUpperCase() ?? '').join('') || '?'
}
