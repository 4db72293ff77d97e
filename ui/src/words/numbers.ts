/** Numbers, rates and money as a person reads them. Pure. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `12,345`. What is missing or no number counts as nought. */
export function count(value: number | null | undefined): string {
  return whole.format(safe(value))
}

/** `12.3K` from ten thousand on, for narrow places; whole below. */
export function shortCount(value: number | null | undefined): string {
  const number = safe(value)
  return Math.abs(number) < 10_000 ? whole.format(number) : short.format(number)
}

/** `1 message`, `2,000 messages`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** The share of `part` in `all`, between 0 and 1; null when there is nothing to divide by. */
export function share(part: number, all: number): number | null {
  if (!(all > 0)) return null
  return Math.min(Math.max(safe(part) / all, 0), 1)
}

/** What stands where there is no rate. */
export const NO_RATE = '–'

/** `42%`, `4.2%`, `<0.1%`; a dash when there is no rate. */
export function percent(rate: number | null | undefined): string {
  if (rate === null || rate === undefined || !Number.isFinite(rate)) return NO_RATE
  const hundred = rate * 100
  if (hundred === 0) return '0%'
  if (hundred < 0.1) return '<0.1%'
  if (hundred > 99.9 && hundred < 100) return '99.9%' // never call it all when one is missing
  return `${hundred < 10 ? trim(hundred.toFixed(1)) : trim(hundred.toFixed(hundred < 99 ? 0 : 1))}%`
}

/** An amount in the brand's currency; without a currency the bare number, whose unit the label then names. */
export function money(value: number | null | undefined, currency?: string): string {
  const amount = safe(value)
  const digits = Math.abs(amount) >= 1_000 ? 0 : 2
  try {
    return new Intl.NumberFormat('en', {
      ...(currency ? { style: 'currency', currency } : {}),
      minimumFractionDigits: amount === 0 ? 0 : digits,
      maximumFractionDigits: digits,
    }).format(amount)
  } catch {
    return money(value) // a code that is no currency
  }
}

function safe(value: number | null | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

function trim(text: string): string {
  return text.replace(/\.0$/, '')
}
