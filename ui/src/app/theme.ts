/** Motet's look over Mantine: verdigris for what one can do, saffron for what was achieved, paper and ink for the rest. */

import {
  Badge, Button, Card, createTheme, type CSSVariablesResolver, Modal, SegmentedControl, Table, Tooltip,
  type MantineColorsTuple,
} from '@mantine/core'

const verdigris: MantineColorsTuple = [
  '#e9f5f2', '#d3e9e4', '#a8d5cb', '#79c0b1', '#52ad9b', '#379f8c', '#239480', '#12806d', '#00695a', '#00564a',
]
const saffron: MantineColorsTuple = [
  '#fdf4e3', '#f8e6c4', '#f0cd8b', '#e8b34f', '#e19e25', '#d98f10', '#c47d05', '#a46700', '#815000', '#613b00',
]
// Warmer than Mantine's own, to go with the paper.
const gray: MantineColorsTuple = [
  '#faf9f6', '#f3f2ed', '#e9e7e0', '#dedcd4', '#cbc9c0', '#a7aaa6', '#82898a', '#5f6a6c', '#3d474a', '#1f282b',
]
// Mantine paints dark mode with these: 0 is text, 4 borders, 6 surfaces, 7 the page.
const dark: MantineColorsTuple = [
  '#e3eae8', '#bcc8c7', '#95a5a5', '#6d7f81', '#2e3c40', '#243135', '#182326', '#101819', '#0c1213', '#080d0e',
]

const STACK = 'Inter, "Inter Variable", "SF Pro Text", -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'

export const theme = createTheme({
  colors: { verdigris, saffron, gray, dark },
  primaryColor: 'verdigris',
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  black: '#182124',
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: STACK,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  headings: {
    fontFamily: STACK,
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.625rem', lineHeight: '1.2' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.35' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  components: {
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'sm' } }),
    Button: Button.extend({ defaultProps: { radius: 'md' } }),
    Card: Card.extend({ defaultProps: { radius: 'lg', padding: 'lg', withBorder: true } }),
    Modal: Modal.extend({ defaultProps: { radius: 'lg', centered: true, overlayProps: { blur: 2, backgroundOpacity: 0.4 } } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { radius: 'md' } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md' } }),
    Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, multiline: true, maw: 280, events: { hover: true, focus: true, touch: true } } }),
  },
})

/** What is tinted in the dark is a breath of its colour over the surface, with the colour's own light as ink. */
const TINTS: Record<string, string> = {
  verdigris: verdigris[3], saffron: saffron[3], red: '#ff9d8c', violet: '#b3a3f2', blue: '#86bbf0', gray: dark[1],
}

function tinted(name: string, tint: string): [string, string][] {
  const over = (share: number) => `color-mix(in srgb, ${tint} ${share}%, transparent)`
  return [
    [`--mantine-color-${name}-light`, over(15)],
    [`--mantine-color-${name}-light-hover`, over(22)],
    [`--mantine-color-${name}-light-color`, tint],
  ]
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#5a686b',
    '--mantine-color-placeholder': '#727f81',
    '--mantine-color-default-border': '#dedcd4',
  },
  dark: {
    '--mantine-color-body': '#182326',
    '--mantine-color-dimmed': '#95a5a5',
    ...Object.fromEntries(Object.entries(TINTS).flatMap(([name, tint]) => tinted(name, tint))),
  },
})
