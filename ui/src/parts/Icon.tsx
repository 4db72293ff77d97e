/** The icons, drawn here: 24 by 24, one stroke, no download. Decoration only; words stand beside them. */

const PATHS = {
  overview: 'M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z',
  campaigns: 'M4 6h9M10 12h10M6 18h11',
  customers: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.3 2.7-5.5 6-5.5s6 2.2 6 5.5M16 4.4a3.5 3.5 0 0 1 0 6.3M18 14.9c1.9.8 3 2.6 3 5.1',
  segments: 'M9.5 17a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM14.5 18a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11z',
  settings: 'M4 7h9M17 7h3M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM4 17h3M11 17h9M9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  filter: 'M4 5h16l-6.2 7.5V19l-3.6-2v-4.5z',
  tag: 'M4 11V4h7l9 9-7 7zM8 8h.01',
  archive: 'M4 5h16v4H4zM5.5 9v10h13V9M10 13h4',
  key: 'M8 16.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12.5h8.5v3M17 12.5v2.5',
  group: 'M7 4H4v16h3M17 4h3v16h-3M9 9h6M9 15h6',
  outbox: 'M4 13l2.2-7.4A2 2 0 0 1 8.1 4h7.8a2 2 0 0 1 1.9 1.6L20 13v5a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM4 13h4.5l1.5 2.5h4L15.5 13H20',
  import: 'M12 4v11M7.5 10.5L12 15l4.5-4.5M4 16v2.5A1.5 1.5 0 0 0 5.5 20h13a1.5 1.5 0 0 0 1.5-1.5V16',
  download: 'M12 4v10M8 10.5l4 4 4-4M5 19h14',
  status: 'M3 12h4l2.5-7 5 14L17 12h4',
  email: 'M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM3.5 7l8.5 6 8.5-6',
  sms: 'M5 4h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM8 10h.01M12 10h.01M16 10h.01',
  push: 'M12 4a5.5 5.5 0 0 1 5.5 5.5c0 5 2 6.5 2 6.5h-15s2-1.5 2-6.5A5.5 5.5 0 0 1 12 4zM10 19.5a2.2 2.2 0 0 0 4 0',
  in_app: 'M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM3 8.5h18M13 12.5h5v4h-5z',
  social: 'M6 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM17 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM17 21a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8.2 10.8l6.6-4M8.2 13.2l6.6 4',
  webhook: 'M9 8.5L5 12l4 3.5M15 8.5l4 3.5-4 3.5M13 6l-2 12',
  retargeting: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM12 2v3M12 19v3M2 12h3M19 12h3',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  play: 'M7 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  stop: 'M6 6h12v12H6z',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  journeys: 'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM18 21a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM6 8v4.5A3.5 3.5 0 0 0 9.5 16h0M9 5.5h6A3 3 0 0 1 18 8.5V16',
  trash: 'M4 6.5h16M9 6V4h6v2M6 6.5l1 13.5h10l1-13.5',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20',
  clock: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5V12l3 2',
  branch: 'M6 4v16M6 12h6a4 4 0 0 0 4-4V5M13 8l3-3 3 3',
  merge: 'M6 4v3a5 5 0 0 0 5 5h8M6 20v-3a5 5 0 0 1 5-5M15.5 8.5L19 12l-3.5 3.5',
  debugger: 'M4 6h10M4 12h6M4 18h8M19.5 19.5l-2.3-2.3M14.5 18a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z',
  back: 'M19 12H5M11 6l-6 6 6 6',
  next: 'M9 6l6 6-6 6',
  leave: 'M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9',
  warning: 'M12 4.5L21 20H3zM12 10.5v4M12 17.3h.01',
  bolt: 'M13 3L5 13.5h6L10.5 21 19 10.5h-6.5z',
  flag: 'M6 21V4M6 5h11l-2.5 4L17 13H6',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  cross: 'M6 6l12 12M18 6L6 18',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z',
  pointer: 'M6 4l13 7-5.5 1.8L11.5 19z',
  scale: 'M12 4v16M7 20h10M5 7h14M5 7l-2.5 6a3 3 0 0 0 5 0zM19 7l-2.5 6a3 3 0 0 0 5 0z',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: 'none' }}
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
