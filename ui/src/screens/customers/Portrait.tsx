/** A round sign for a customer: the initials, in a colour that is always the same for the same name. */

import { Avatar } from '@mantine/core'

import { initials } from '@/words/letters'

const COLORS = ['verdigris', 'saffron', 'violet', 'blue', 'red']

export function Portrait({ name, size = 36 }: { name: string; size?: number }) {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973
  return (
    <Avatar size={size} radius="xl" color={COLORS[sum % COLORS.length] ?? 'gray'} aria-hidden="true">
      {initials(name)}
    </Avatar>
  )
}
