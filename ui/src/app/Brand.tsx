/** The mark: voices that enter one after another. */

import classes from './Brand.module.css'

export function Brand() {
  return (
    <span className={classes.brand}>
      <svg viewBox="0 0 28 28" width="26" height="26" aria-hidden="true">
        <rect x="2" y="4.5" width="12" height="4.2" rx="2.1" fill="var(--good)" />
        <rect x="8" y="11.9" width="18" height="4.2" rx="2.1" fill="var(--converted)" />
        <rect x="4" y="19.3" width="17" height="4.2" rx="2.1" fill="var(--good)" opacity="0.55" />
      </svg>
      <span>Motet</span>
    </span>
  )
}
