import 'react'

declare module 'react' {
  // Custom properties may stand in `style`.
  // An interface, since only that can be merged with React's own.
  // eslint-disable-next-line @typescript-eslint/consistent-indexed-object-style
  interface CSSProperties {
    [name: `--${string}`]: string | number | undefined
  }
}
