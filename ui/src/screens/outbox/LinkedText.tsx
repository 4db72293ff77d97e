/** A text whose web addresses can be followed, in a new tab. */

import { splitLinks } from '@/words/letters'

export function LinkedText({ text }: { text: string }) {
  return splitLinks(text).map((part, place) =>
    part.href === undefined ? (
      <span key={place}>{part.text}</span>
    ) : (
      <a key={place} href={part.href} target="_blank" rel="noreferrer" data-testid="message-link">{part.text}</a>
    ),
  )
}
