/** What each channel is called, its colour, and which facts it can report at all. */

import type { ChannelWord } from '@/api/types'

export type Measure = 'sent' | 'delivered' | 'opened' | 'clicked' | 'converted'

export const CHANNELS: readonly ChannelWord[] = [
  'email', 'sms', 'push', 'in_app', 'social', 'webhook', 'retargeting',
]

const NAMES: Record<ChannelWord, string> = {
  email: 'Email',
  sms: 'SMS',
  push: 'Push',
  in_app: 'In-app',
  social: 'Social',
  webhook: 'Webhook',
  retargeting: 'Retargeting',
}

/**
 * The facts that a channel may never report: a phone does not say that an SMS was read, and a mail server that took
 * an email does not say that it arrived. A nought there is no failure.
 */
const SILENT: Partial<Record<ChannelWord, readonly Measure[]>> = {
  email: ['delivered'],
  sms: ['opened'],
  push: ['delivered', 'opened'],
  in_app: ['delivered'],
  webhook: ['delivered', 'opened', 'clicked', 'converted'],
  retargeting: ['delivered', 'opened'],
}

export function channelName(channel: string): string {
  return isChannel(channel) ? NAMES[channel] : sentence(channel)
}

/** The CSS colour of a channel's voice; defined for light and dark in theme.css. */
export function channelColor(channel: string): string {
  return `var(--voice-${isChannel(channel) ? channel : 'webhook'})`
}

/** False when a nought says nothing: the channel may never report this fact. */
export function isMeasured(channel: string, measure: Measure): boolean {
  return !(isChannel(channel) && SILENT[channel]?.includes(measure))
}

export function isChannel(word: string): word is ChannelWord {
  return (CHANNELS as readonly string[]).includes(word)
}

/** The channel's place in the order that every list keeps. */
export function channelOrder(channel: string): number {
  const place = (CHANNELS as readonly string[]).indexOf(channel)
  return place < 0 ? CHANNELS.length : place
}

/** Words as they are; a bare name such as `user_signup` or `profile-nudge` as a person would write it. */
export function titleOf(text: string): string {
  return /^[a-z0-9]+([_.-][a-z0-9]+)*$/.test(text) ? sentence(text.replaceAll('.', ' ')) : text
}

/** A sentence whose names of fields and events are spoken: `When user_signup happens` without the underscore. */
export function spoken(text: string): string {
  return text.replaceAll(/[a-z0-9]+(?:_[a-z0-9]+)+/gi, (name) => name.replaceAll('_', ' '))
}

/** `first_name` to `First name`. */
export function sentence(word: string): string {
  const text = word.replaceAll(/[_-]+/g, ' ').trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}
