/** Writes a campaign document as YAML that a person can edit. Pure; reading YAML is the API's work. */

const PLAIN = /^[A-Za-z][A-Za-z0-9 _./-]*$/
// Words that YAML 1.1 or 1.2 takes for something other than text.
const RESERVED = /^(true|false|yes|no|on|off|y|n|null|none|nan|inf)$/i

/** The value as YAML; a string is taken for a document already written and returned as it is. */
export function toYaml(value: unknown): string {
  if (typeof value === 'string') return value
  return `${block(value, 0).join('\n')}\n`
}

function block(value: unknown, depth: number): string[] {
  if (Array.isArray(value)) return value.length ? value.flatMap((item) => listItem(item, depth)) : ['[]']
  if (isMap(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    return entries.length ? entries.flatMap(([key, item]) => mapEntry(key, item, depth)) : ['{}']
  }
  return [scalar(value, depth)]
}

function listItem(item: unknown, depth: number): string[] {
  const [first = '', ...rest] = block(item, depth + 1)
  return [`${pad(depth)}- ${first.trimStart()}`, ...rest]
}

function mapEntry(key: string, item: unknown, depth: number): string[] {
  const name = `${pad(depth)}${PLAIN.test(key) && !RESERVED.test(key) ? key : JSON.stringify(key)}:`
  const nested = (Array.isArray(item) && item.length > 0) || (isMap(item) && Object.keys(item).length > 0)
  if (nested) return [name, ...block(item, depth + 1)]
  return [`${name} ${block(item, depth + 1).join('\n')}`]
}

function scalar(value: unknown, depth: number): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null)
  if (canBeLiteral(value)) {
    const chomp = value.endsWith('\n') ? '' : '-'
    const lines = value.replace(/\n$/, '').split('\n')
    return [`|${chomp}`, ...lines.map((line) => (line ? pad(depth) + line : ''))].join('\n')
  }
  const plain = PLAIN.test(value) && !RESERVED.test(value) && value.trimEnd() === value
  return plain ? value : JSON.stringify(value)
}

/** Several lines, and nothing that a literal block would change: no other control characters, no odd ends. */
function canBeLiteral(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (!text.includes('\n') || /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(text)) return false
  return !/^[\s]/.test(text) && !text.endsWith('\n\n')
}

function pad(depth: number): string {
  return '  '.repeat(depth)
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
