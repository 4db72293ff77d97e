/** Says whether the numbers move by themselves. */

import { Tooltip } from '@mantine/core'

import { useLive } from './live'
import classes from './LiveLight.module.css'

const WORDS = {
  live: ['Live', 'Numbers arrive as they happen.'],
  connecting: ['Connecting', 'Waiting for the live stream.'],
  lost: ['Not live', 'The live stream is lost; it is tried again by itself. Numbers refresh every few seconds.'],
} as const

export function LiveLight() {
  const state = useLive()
  const [word, hint] = WORDS[state]
  return (
    <Tooltip label={hint}>
      <span className={classes.light} data-state={state} data-testid="live-state" role="status" tabIndex={0}>
        {word}
      </span>
    </Tooltip>
  )
}
