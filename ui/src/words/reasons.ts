/** Verdicts and reasons in words, with what a person can do about them. Pure. */

import type { ReasonText, Verdict } from '@/api/types'

import { sentence } from './channels'

const VERDICTS: Record<Verdict, string> = { send: 'Sent', hold: 'Held', drop: 'Dropped' }

/** What helps, for the reasons that a marketer can do something about. */
const HINTS: Record<string, string> = {
  no_provider: 'Set up a provider for this channel; Status names what is missing.',
  render_failed: 'Look at the template: a value it needs is missing for some customers.',
  no_address: 'Name a fallback channel, or collect the address.',
  channel_cap: 'Raise the cap in the campaign’s frequency rules, or leave it: it protects your customers.',
  quarantined: 'The step broke again and again; the log of the worker says why.',
  provider_rejected: 'The receiver’s provider refused it; the address may be wrong.',
  answer_lost: 'A receipt from the provider will settle it.',
}

export function verdictName(verdict: string): string {
  return verdict in VERDICTS ? VERDICTS[verdict as Verdict] : sentence(verdict)
}

/** The reason as a phrase; the code in plain words when the API gave no text. */
export function reasonPhrase(reason: ReasonText): string {
  return reason.text.trim() || sentence(reason.code).toLowerCase()
}

/** `because the customer unsubscribed from this channel, and the cooldown has not passed`; empty without reasons. */
export function because(reasons: readonly ReasonText[] | undefined): string {
  const phrases = [...new Set((reasons ?? []).map(reasonPhrase))]
  if (phrases.length === 0) return ''
  const last = phrases.pop() ?? ''
  return `because ${phrases.length > 0 ? `${phrases.join(', ')}, and ` : ''}${last}`
}

export function reasonHint(code: string): string | null {
  return HINTS[code] ?? null
}

/** A phrase as the start of a line. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
