/** Moments and durations in words. Pure: `now` is passed in. Clock times are the reader's own timezone. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`, then the date; `in 5 min` for what is ahead. */
export function ago(at: string | null | undefined, now: number): string {
  const moment = read(at)
  if (moment === null) return '–'
  const distance = now - moment
  if (Math.abs(distance) < 5 * SECOND) return distance < 0 ? 'now' : 'just now'
  if (Math.abs(distance) >= 14 * DAY) return day(at)
  const span = coarse(Math.abs(distance))
  return distance < 0 ? `in ${span}` : `${span} ago`
}

function coarse(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`
  const days = Math.floor(ms / DAY)
  return days === 1 ? '1 day' : `${days} days`
}

/** `2 h 5 min`, `3 days`, `45 s`, from seconds: the two largest units that are not nought. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–'
  if (seconds < 1) return seconds === 0 ? 'at once' : 'under a second'
  let rest = Math.round(seconds)
  const parts: string[] = []
  for (const [size, one, many] of [
    [86_400, 'day', 'days'],
    [3_600, 'h', 'h'],
    [60, 'min', 'min'],
    [1, 's', 's'],
  ] as const) {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    if (amount > 0) parts.push(`${amount} ${amount === 1 ? one : many}`)
  }
  return parts.slice(0, 2).join(' ')
}

/** `14:05`. */
export function clock(at: string): string {
  return format(at, { hour: '2-digit', minute: '2-digit', hour12: false })
}

/** `14:05:09`. */
export function clockSeconds(at: string): string {
  return format(at, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
}

/** `3 Nov 2026`. */
export function day(at: string | null | undefined): string {
  return format(at, { day: 'numeric', month: 'short', year: 'numeric' })
}

/** `3 Nov 2026, 14:05:09` : what a tooltip says about `5 min ago`. */
export function full(at: string | null | undefined): string {
  return at ? `${day(at)}, ${clockSeconds(at)}` : '–'
}

/** `Today`, `Yesterday`, or the date: the heading over the entries of one day. */
export function dayHeading(at: string, now: number): string {
  const same = (moment: number) => day(new Date(moment).toISOString())
  const text = day(at)
  if (text === same(now)) return 'Today'
  if (text === same(now - DAY)) return 'Yesterday'
  return text
}

function read(at: string | null | undefined): number | null {
  if (!at) return null
  const moment = Date.parse(at)
  return Number.isNaN(moment) ? null : moment
}

function format(at: string | null | undefined, shape: Intl.DateTimeFormatOptions): string {
  const moment = read(at)
  return moment === null ? '–' : new Intl.DateTimeFormat('en-GB', shape).format(moment)
}
